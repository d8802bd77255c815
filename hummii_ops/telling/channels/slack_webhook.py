"""Slack by an incoming webhook: a message of its own for each note; it can neither edit nor look back.

Its address is the secret, and stands in no error.
"""

from __future__ import annotations

import json

from hummii_ops.inventory import Secret
from hummii_ops.telling.channels.channel import Words
from hummii_ops.telling.channels.posting import Poster
from hummii_ops.telling.channels.slack import escaped
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import KINDS, Note


class SlackIncoming:
    """A webhook's address."""

    doubles = KINDS

    def __init__(self, address: Secret, words: Words, *, limit_s: float) -> None:
        self._address, self._words = address, words
        self._poster = Poster(limit_s=limit_s)

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """Post it; one that may have arrived is posted again: it cannot be looked for."""
        said = self._words.of(note, escaped)
        if said is None:
            return "nothing to say"
        body = json.dumps({"text": f"*{said.title}*\n{said.text}"}).encode()
        self._poster.post(self._address.reveal(), body, {"Content-Type": "application/json"})
        return "posted"

    def check(self) -> str:
        """There is nothing that could be asked without posting."""
        return "the address is there; a webhook cannot be asked without posting"
