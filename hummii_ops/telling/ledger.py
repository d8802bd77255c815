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

    `attempting`: the note that was about to be sent; if it is still there at the next start, it may have arrived.
    `left`: note id → why it was given up. `disabled`: why nothing more is sent.
    """

    path: Path
    delivered: dict[str, str] = field(default_factory=dict)
    memory: dict[str, str] = field(default_factory=dict)
    attempting: str = ""
    left: dict[str, str] = field(default_factory=dict)
    disabled: str = ""

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """The ledger that is there; a new one where there is none, or where it cannot be read."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(path=path, **{name: kept[name] for name in _KEPT})
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
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
        again = self.attempting == note_id
        self.attempting = note_id
        self.save()
        return again

    def done(self, note_id: str, reference: str) -> None:
        """The channel has it."""
        self.delivered[note_id] = reference
        self.attempting = ""
        self.left.pop(note_id, None)
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


_KEPT = ("delivered", "memory", "attempting", "left", "disabled")
