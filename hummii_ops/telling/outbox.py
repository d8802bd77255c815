"""What is to be told about a run, in its order: one line of outbox.jsonl for each thing.

Lines are only appended, so that a line's number is a message's id for ever. Never holds a secret, nor a reference to
how a channel is reached: who delivers reads the inventory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from hummii_ops.transport.text import masked, printable

NoteKind = Literal[
    "planned",
    "started",
    "step",
    "prepared",
    "verifying",
    "succeeded",
    "failed",
    "restored",
    "needs-person",
    "watching",
    "monitoring-ok",
    "regressed",
    "announced",
]
KINDS: tuple[NoteKind, ...] = get_args(NoteKind)
_LONGEST = 2000


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing that is told. `id` is the run's id and the line's number; `facts` are texts for people."""

    id: str
    run_id: str
    kind: NoteKind
    at: datetime
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Outbox:
    """The outbox of one run, in the folder in which the run is kept here."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "outbox.jsonl"

    @property
    def desk(self) -> Path:
        """Where those who deliver keep their own files; no host is called so."""
        return self.folder / ".telling"

    def append(self, kind: NoteKind, facts: Mapping[str, object]) -> None:
        """Write one line, at once and to the disk. Raises OSError."""
        clean = {name: _clean(value) for name, value in facts.items() if value is not None}
        line = json.dumps({"at": datetime.now(UTC).isoformat(), "kind": kind, "facts": clean}, ensure_ascii=False)
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # A line that a power cut tore stays one line of its own: ours does not hang on to it.
            torn = os.fstat(fd).st_size > 0 and not self.path.read_bytes().endswith(b"\n")
            os.write(fd, (("\n" if torn else "") + line + "\n").encode("utf-8", errors="replace"))
            os.fsync(fd)
        finally:
            os.close(fd)

    def notes(self) -> Sequence[Note]:
        """All that is whole, in its order; a torn line keeps its number."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:  # whoever tells, or takes a run up, must not fall over it
            return ()
        found = (_parse(line, f"{self.folder.name}.{number}", self.folder.name) for number, line in _whole(text))
        return tuple(note for note in found if note is not None)


def _whole(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.split("\n")[:-1], start=1))


def _parse(line: str, note_id: str, run_id: str) -> Note | None:
    try:
        value = json.loads(line)
        if value["kind"] not in KINDS:
            return None
        facts = {str(name): str(text) for name, text in value["facts"].items()}
        at = datetime.fromisoformat(value["at"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Note(id=note_id, run_id=run_id, kind=value["kind"], at=at, facts=facts)


def _clean(value: object) -> str:
    """One line without control sequences and secrets: what a person or a server wrote may hold both."""
    return masked(" ".join(printable(str(value)).split()))[:_LONGEST]
