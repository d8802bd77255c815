"""What one channel has delivered of a run: a file of its own, written beside and renamed after every step.

It is what makes a message go out once, although whoever delivers may be killed at any moment.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Ledger:
    """`delivered`: note id → the channel's own reference. `memory`: what the channel needs to find again.

    `tried`: notes that were about to be sent; what is still there when it is tried again may have arrived.
    `left`: note id → why it was given up. `disabled`: why nothing more is sent. `twice`: notes that the other side may
    show twice.
    """

    path: Path
    delivered: dict[str, str] = field(default_factory=dict)
    memory: dict[str, str] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    disabled: str = ""
    twice: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """The ledger that is there; a new one where there is none, or where it cannot be read."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(path=path, **{name: kept[name] for name in _KEPT if name in kept})
        except (OSError, ValueError, TypeError, RecursionError):
            return cls(path=path)

    def save(self) -> None:
        """Write beside, to the disk, and rename. Raises OSError."""
        beside = self.path.with_name(f".{self.path.name}.new")
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump({name: value for name, value in asdict(self).items() if name != "path"}, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    def attempt(self, note_id: str) -> bool:
        """Say that a note is about to be sent; True if it may have been sent before."""
        if note_id in self.tried:
            return True
        self.tried.append(note_id)
        self.save()
        return False

    def unsent(self, note_id: str) -> None:
        """It surely did not arrive: next time there is nothing to look for."""
        self.tried.remove(note_id)

    def done(self, note_id: str, reference: str, *, twice: bool = False) -> None:
        """The channel has it; `twice`: perhaps two of it."""
        self.delivered[note_id] = reference
        self.tried.remove(note_id)
        self.left.pop(note_id, None)
        if twice:
            self.twice.append(note_id)
        self.save()

    def renew(self) -> None:
        """Try anew what was given up. Raises OSError."""
        if self.left or self.disabled:
            self.left.clear()
            self.disabled = ""
            self.save()

    def is_settled(self, note_id: str) -> bool:
        """Is nothing more going to happen to this note by itself?"""
        return note_id in self.delivered or note_id in self.left or bool(self.disabled)


_KEPT = ("delivered", "memory", "tried", "left", "disabled", "twice")
