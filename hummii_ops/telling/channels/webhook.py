"""A URL of the user's own: a JSON document, signed, with the same key however often it is tried.

X-Hummii-Signature is `sha256=` and the HMAC-SHA256 of `<X-Hummii-Timestamp>.<body>` in hexadecimal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from hummii_ops.inventory import Secret
from hummii_ops.inventory.channels import Webhook
from hummii_ops.telling.channels.channel import Words
from hummii_ops.telling.channels.posting import Poster
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import KINDS, Note
from hummii_ops.telling.wordings import FACTS

SCHEMA = "hummii-ops/notification/v1"


class SignedWebhook:
    """A URL that takes notes."""

    doubles = KINDS

    def __init__(self, settings: Webhook, secret: Secret, words: Words, *, limit_s: float) -> None:
        self._url, self._secret, self._words = settings.url, secret, words
        self._poster = Poster(limit_s=limit_s)

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """Post the document; the other side knows by the key that it had it before."""
        said = self._words.of(note)
        if said is None:
            return "nothing to say"
        document = {
            "schema": SCHEMA,
            "id": note.id,
            "run_id": note.run_id,
            "kind": note.kind,
            "at": note.at.isoformat(),
            "title": said.title,
            "text": said.text,
            "facts": {name: text for name, text in note.facts.items() if name in FACTS[self._words.audience]},
        }
        body = json.dumps(document, ensure_ascii=False).encode()
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": note.id,
            "X-Hummii-Timestamp": stamp,
            "X-Hummii-Signature": signature(self._secret, stamp, body),
        }
        self._poster.post(self._url, body, headers)
        return "posted"

    def check(self) -> str:
        """There is nothing that could be asked without posting."""
        return "the secret is there; a webhook cannot be asked without posting"


def signature(secret: Secret, stamp: str, body: bytes) -> str:
    """What the other side computes as well."""
    signed = stamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()
