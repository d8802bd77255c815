"""Any service that Apprise knows, where the extra is installed. Apprise can hang on to its threads: only the process
that delivers loads it, and that one does not wait for them."""

from __future__ import annotations

from typing import Any

from hummii_ops.checks.deadline import TimeUp, within
from hummii_ops.inventory import Secret
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note


class AppriseService:
    """One Apprise URL; the URL is the secret."""

    def __init__(self, address: Secret, words: Words, *, limit_s: float) -> None:
        self._address, self._words, self._limit_s = address, words, limit_s

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """One notification."""
        said = self._words.of(note)
        if said is None:
            return "nothing to say"
        apprise = self._loaded()
        try:
            sent = within(self._limit_s, lambda: bool(apprise.notify(title=said.title, body=said.text)))
        except TimeUp:
            raise Later(f"no end within {self._limit_s:g} s") from None
        if not sent:
            raise Later("Apprise could not send it")  # it does not say why in a form that could be read
        return "sent"

    def check(self) -> str:
        """Is the URL one that Apprise knows?"""
        self._loaded()
        return "Apprise knows the address; whether it works shows when it is used"

    def _loaded(self) -> Any:
        try:
            import apprise
        except ImportError:
            raise Never("Apprise is not installed: pip install 'hummii-ops[apprise]'") from None
        made = apprise.Apprise()
        if not made.add(self._address.reveal()):
            raise Never("Apprise does not know this address")
        return made
