"""Which notes a channel is to be sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hummii_ops.telling.outbox import Note
from hummii_ops.telling.wordings import WORDINGS

# A step is worth a message only where it edits one, or where a program reads it.
_TAKES_STEPS = frozenset({"slack", "webhook"})


class Addressee(Protocol):
    """What decides what a channel is sent."""

    @property
    def kind(self) -> str: ...
    @property
    def audience(self) -> str: ...


def due(notes: Sequence[Note], channel: Addressee) -> list[Note]:
    """In their order; a step that something else followed is not news any more."""
    last = notes[-1].id if notes else ""
    begun = channel.audience != "public" or any(note.kind == "started" for note in notes)
    return [
        note
        for note in notes
        if _takes(note, channel)
        and (note.kind != "step" or note.id == last)
        and (note.kind != "failed" or begun)  # the public was told of nothing that could fail
    ]


def _takes(note: Note, channel: Addressee) -> bool:
    if note.kind == "step" and channel.kind not in _TAKES_STEPS:
        return False
    return note.kind in WORDINGS[channel.audience]  # type: ignore[index]  # one that is none is a KeyError
