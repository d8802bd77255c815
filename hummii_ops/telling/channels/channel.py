"""What every channel can: send one note, and say whether it could be reached. And how it says that it could not.

NotSent
├── Later   it may work in a while; `after_s` is what the other side asked for
└── Never   it will not work until a person has changed something: the channel is left alone
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hummii_ops.inventory.channels import Audience
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note
from hummii_ops.telling.templates import Escape, Message, message, plain


class NotSent(Exception):
    """It did not work; the text is fit to be shown: no secret is in it."""


class Later(NotSent):
    def __init__(self, reason: str, *, after_s: float = 0, arrived: bool = True) -> None:
        super().__init__(reason)
        self.after_s = after_s
        self.arrived = arrived  # False: it is certain that it did not


class Never(NotSent):
    """A person has to change something first."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """How a channel's notes are worded."""

    audience: Audience
    service: str
    folder: Path | None = None

    def of(self, note: Note, escape: Escape = plain) -> Message | None:
        """The message; None where this audience is not told."""
        return message(note, self.audience, service=self.service, folder=self.folder, escape=escape)


class Channel(Protocol):
    """One way to tell people.

    `doubles`: the kinds of notes that stand there twice if they are sent twice: nobody can look, and nobody drops one.
    """

    @property
    def doubles(self) -> Collection[str]: ...

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """Send it, and return the channel's reference to it. `again`: it may have been sent before.

        Raises Later or Never.
        """

    def check(self) -> str:
        """Ask whether it could be used, without telling anyone; a sentence. Raises Later or Never."""
