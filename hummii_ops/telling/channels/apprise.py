"""Any service that Apprise knows, where the extra is installed. Each message is a process of its own, ended at its
limit; the address goes to it on stdin, for it is a secret."""

from __future__ import annotations

import json
import subprocess
import sys

from hummii_ops.inventory import Secret
from hummii_ops.telling.channels.apprise_process import NOT_INSTALLED, SENT, UNKNOWN_ADDRESS
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import KINDS, Note


class AppriseService:
    """One Apprise URL; the URL is the secret."""

    doubles = KINDS

    def __init__(self, address: Secret, words: Words, *, limit_s: float) -> None:
        self._address, self._words, self._limit_s = address, words, limit_s

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """One notification."""
        said = self._words.of(note)
        if said is None:
            return "nothing to say"
        self._ask({"title": said.title, "body": said.text or said.title})
        return "sent"

    def check(self) -> str:
        """Is the URL one that Apprise knows?"""
        self._ask({})
        return "Apprise knows the address; whether it works shows when it is used"

    def _ask(self, said: dict[str, str]) -> None:
        asked = json.dumps(said | {"address": self._address.reveal()}).encode()
        process = [sys.executable, "-m", "hummii_ops.telling.channels.apprise_process"]
        try:
            code = subprocess.run(process, input=asked, capture_output=True, timeout=self._limit_s).returncode
        except subprocess.TimeoutExpired:
            raise Later(f"no end within {self._limit_s:g} s") from None
        if code == NOT_INSTALLED:
            raise Never("Apprise is not installed: pip install 'hummii-ops[apprise]'")
        if code == UNKNOWN_ADDRESS:
            raise Never("Apprise does not know this address")
        if code != SENT:
            raise Later("Apprise could not send it")  # it does not say why in a form that could be read
