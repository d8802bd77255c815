"""PagerDuty: every run is a change event, which calls nobody; an alert only when a person is needed.

The alert's key is the run's id, so that it is one alert however often it is sent, and can be resolved.
"""

from __future__ import annotations

import json
from typing import Any

from hummii_ops.inventory import Secret
from hummii_ops.inventory.channels import PagerDuty
from hummii_ops.telling.channels.channel import Words
from hummii_ops.telling.channels.posting import Poster
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note

_RESOLVES = frozenset({"succeeded", "restored", "monitoring-ok"})
_CHANGES = frozenset({"started", "succeeded", "failed", "restored"})
_LONGEST = 1024


class Pager:
    """An integration of a PagerDuty service."""

    doubles = _CHANGES  # a change event has no key; it calls nobody

    def __init__(self, settings: PagerDuty, key: Secret, words: Words, *, limit_s: float) -> None:
        self._url, self._key, self._words = settings.url, key, words
        self._poster = Poster(limit_s=limit_s)

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """The change event, and the alert where one is due; sent again they are still one."""
        said = self._words.of(note)
        if said is None:
            return "nothing to say"
        sent = []
        payload: dict[str, Any] = {
            "summary": said.title[:_LONGEST],
            "source": "hummii-ops",
            "timestamp": note.at.isoformat(),
            "custom_details": {"text": said.text, "run": note.run_id},
        }
        if note.kind in _RESOLVES and "alert" in ledger.memory:
            self._enqueue("/v2/enqueue", {"event_action": "resolve", "dedup_key": note.run_id})
            ledger.memory.pop("alert")
            sent.append("resolved")
        if note.kind == "needs-person":
            alert = {"event_action": "trigger", "dedup_key": note.run_id, "payload": payload | {"severity": "critical"}}
            self._enqueue("/v2/enqueue", alert)
            ledger.memory["alert"] = note.run_id
            sent.append("alert")
        if note.kind in _CHANGES:
            self._enqueue("/v2/change/enqueue", {"payload": payload})
            sent.append("change")
        return ", ".join(sent) or "nothing to say"

    def check(self) -> str:
        """There is nothing that could be asked without an event."""
        return "the routing key is there; PagerDuty cannot be asked without an event"

    def _enqueue(self, path: str, event: dict[str, Any]) -> None:
        body = json.dumps(event | {"routing_key": self._key.reveal()}).encode()
        self._poster.post(f"{self._url}{path}", body, {"Content-Type": "application/json"})
