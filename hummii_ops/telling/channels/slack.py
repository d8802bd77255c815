"""Slack by a bot: one message for a run, edited as it proceeds, and a thread of what happened.

Slack answers 200 to everything; whether it worked is `ok`. A message that may have been posted before we were killed
is looked for by its metadata, so that nobody is told twice.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from hummii_ops.inventory import Secret
from hummii_ops.inventory.channels import Slack
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.channels.posting import Poster, json_of, retry_after_s
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note

EVENT = "hummii_ops_note"
_PASSING = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})
# The first message can be edited no more; the thread goes on.
_NOT_EDITED = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_LONGEST = 3000


class SlackBot:
    """A channel of a workspace."""

    doubles = ()

    def __init__(self, settings: Slack, token: Secret, words: Words, *, limit_s: float) -> None:
        self._settings, self._token, self._words = settings, token, words
        self._poster = Poster(limit_s=limit_s)

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """The first note becomes the message; later ones edit it, and but for steps are told in its thread."""
        text = self._text(note)
        if text is None:
            return "nothing to say"
        if "ts" not in ledger.memory:
            return self._first(note, text, ledger, again=again)
        self._edit(text, ledger)
        if note.kind == "step":
            return ledger.memory["ts"]
        found = self._find(note, ledger) if again else None
        return found or str(self._post(note, text, {"thread_ts": ledger.memory["ts"]}, ledger)["ts"])

    def check(self) -> str:
        """`auth.test`: whose token it is."""
        said = self._call("auth.test", {})
        return f"the token is {said.get('user', 'a bot')}'s in {said.get('team', 'a workspace')}"

    def _text(self, note: Note) -> str | None:
        said = self._words.of(note, escaped)
        return None if said is None else f"*{said.title}*\n{said.text}"[:_LONGEST]

    def _first(self, note: Note, text: str, ledger: Ledger, *, again: bool) -> str:
        found = self._find(note, ledger) if again else None
        if found is None:
            posted = self._post(note, text, {}, ledger)
            found, channel = str(posted["ts"]), str(posted.get("channel", self._settings.channel))
            ledger.memory["channel"] = channel  # chat.update takes the id only, and the post's answer has it
        ledger.memory["ts"] = found
        ledger.save()
        return found

    def _post(self, note: Note, text: str, more: dict[str, Any], ledger: Ledger) -> dict[str, Any]:
        metadata = {"event_type": EVENT, "event_payload": {"event_id": note.id, "run_id": note.run_id}}
        body = {"channel": self._channel(ledger), "text": text, "metadata": metadata, "unfurl_links": False} | more
        return self._call("chat.postMessage", body)

    def _edit(self, text: str, ledger: Ledger) -> None:
        body = {"channel": self._channel(ledger), "ts": ledger.memory["ts"], "text": text}
        self._call("chat.update", body, passed_over=_NOT_EDITED)

    def _find(self, note: Note, ledger: Ledger) -> str | None:
        """The message of this note, if it is there already."""
        asked = {"channel": self._channel(ledger), "include_all_metadata": "true", "limit": "100"}
        thread = ledger.memory.get("ts")
        method = "conversations.replies" if thread else "conversations.history"
        answer = self._get(method, asked | ({"ts": thread} if thread else {}))
        for message in answer.get("messages", []):
            if message.get("metadata", {}).get("event_payload", {}).get("event_id") == note.id:
                return str(message["ts"])
        return None

    def _channel(self, ledger: Ledger) -> str:
        return ledger.memory.get("channel", self._settings.channel)

    def _get(self, method: str, asked: dict[str, str]) -> dict[str, Any]:
        url = f"{self._settings.url}/{method}"
        answer = self._poster.ask("GET", f"{url}?{urlencode(asked)}", None, self._headers())
        return _ok(json_of(answer, url), 0, frozenset())

    def _call(self, method: str, body: dict[str, Any], passed_over: frozenset[str] = frozenset()) -> dict[str, Any]:
        url = f"{self._settings.url}/{method}"
        content = json.dumps(body).encode()
        answer = self._poster.post(url, content, self._headers() | {"Content-Type": "application/json; charset=utf-8"})
        return _ok(json_of(answer, url), retry_after_s(answer.headers), passed_over)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token.reveal()}"}


def _ok(said: dict[str, Any], after_s: float, passed_over: frozenset[str]) -> dict[str, Any]:
    error = str(said.get("error", "no reason given"))[:80]
    if said.get("ok") is True or error in passed_over:
        return said
    if error in _PASSING:
        raise Later(f"Slack: {error}", after_s=after_s, arrived=error != "ratelimited")
    raise Never(f"Slack: {error}")


def escaped(text: str) -> str:
    """Slack's three characters: with them gone nothing can mention or link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
