"""What people were told about a run, through which channel, and what did not reach them. Reads the run's folder only.

A step is left out: it edits a message, and the journal has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hummii_ops.telling.desk import Desk
from hummii_ops.telling.due import due
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, Outbox
from hummii_ops.telling.report.wording import told
from hummii_ops.telling.wordings import WORDINGS

DELIVERED, TWICE, UNDELIVERED = _STATES = ("delivered", "may have been sent twice", "not delivered")


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """A channel, as far as it says what it is to be told."""

    name: str
    kind: str
    audience: str


def messages(folder: Path) -> list[dict[str, Any]]:
    """In their order: {id, at, kind, text, channels: [{channel, state, why}]}."""
    outbox = Outbox(folder)
    notes = outbox.notes()
    known = [one for one in _addressees(folder) if one.audience in WORDINGS]
    found = [(one, Ledger.read(outbox.desk / f"{one.name}.json")) for one in known]
    due_there = [(one, ledger, {note.id for note in due(notes, one)}) for one, ledger in found]
    return [
        {
            "id": note.id,
            "at": note.at.isoformat(),
            "kind": note.kind,
            "text": told(note.facts.get("text", "")) or None,
            "channels": [_arrived(note, one, ledger) for one, ledger, ids in due_there if note.id in ids],
        }
        for note in notes
        if note.kind != "step"
    ]


def _addressees(folder: Path) -> Sequence[Addressee]:
    try:
        said: Any = Desk(folder).told()["channels"]
        return [Addressee(**one) for one in said]
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _arrived(note: Note, channel: Addressee, ledger: Ledger) -> dict[str, Any]:
    if note.id in ledger.delivered:
        return {"channel": channel.name, "state": TWICE if note.id in ledger.twice else DELIVERED, "why": None}
    why = ledger.disabled or ledger.left.get(note.id) or "still being tried when this was written"
    return {"channel": channel.name, "state": UNDELIVERED, "why": told(why)}


def sentence(message: Mapping[str, Any]) -> str:
    """For the timeline: what was told, and whom it reached."""
    groups = {state: [one for one in message["channels"] if one["state"] == state] for state in _STATES}
    reached = ", ".join(one["channel"] for one in groups[DELIVERED]) or "nobody"
    text = f": {message['text']}" if message["text"] else ""
    return "; ".join([f"told {reached}: {message['kind']}{text}", *_amiss(groups)])


def overall(messages: Sequence[Mapping[str, Any]]) -> str:
    """For the figures; "" where nobody was to be told."""
    said = [(message["kind"], one) for message in messages for one in message["channels"]]
    if not said:
        return ""
    groups = {
        state: [{"channel": f"{one['channel']} ({kind})"} for kind, one in said if one["state"] == state]
        for state in _STATES
    }
    channels = ", ".join(dict.fromkeys(one["channel"] for _, one in said))
    return "; ".join([f"{len(groups[DELIVERED])} of {len(said)} messages, through {channels}", *_amiss(groups)])


def _amiss(groups: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    for state in (TWICE, UNDELIVERED):
        if groups[state]:
            yield f"{state}: {', '.join(one['channel'] for one in groups[state])}"
