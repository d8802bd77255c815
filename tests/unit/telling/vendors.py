"""Vendors with a memory, that take what the real ones take: each answers a request, and keeps what it was told."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from contracts import broken
from telling_rig import TOKEN


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request; names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def place(self) -> str:
        return urlsplit(self.path).path

    @property
    def last(self) -> str:
        """The last word of the path."""
        return self.place.rpartition("/")[2]

    @property
    def query(self) -> dict[str, str]:
        """Of the address, or of a form: Slack's own client asks by forms."""
        form = self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        text = urlsplit(self.path).query or (self.body.decode() if form else "")
        return {name: texts[0] for name, texts in parse_qs(text).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Vendor(Protocol):
    """Answers with a status and a body."""

    def answer(self, asked: Asked) -> tuple[int, Any]: ...


class Anything:
    """Takes whatever is posted: a webhook of somebody's own."""

    def answer(self, asked: Asked) -> tuple[int, Any]:
        return 200, {"ok": True}


@dataclass
class Slack:
    """One channel, C1, of a workspace. `messages` as they were posted, `updates` what was made of them since."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, asked: Asked) -> tuple[int, Any]:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 200, {"ok": False, "error": "invalid_auth"}
        said = self._method(asked)
        return 200, {"ok": "error" not in said} | said

    def _method(self, asked: Asked) -> dict[str, Any]:
        match asked.last:
            case "auth.test":
                return {"url": "https://hummii.slack.com/", "team": "Hummii", "user": "ops", "bot_id": "B1"}
            case "chat.postMessage":
                return self._post(asked.json)
            case "chat.update":
                return self._update(asked.json)
            case "conversations.history":
                return self._told(asked.query, None)
            case "conversations.replies":
                return self._told(asked.query, asked.query["ts"])
        return {"error": "unknown_method"}

    def _post(self, said: dict[str, Any]) -> dict[str, Any]:
        wrong = broken("slack-post", said)
        if wrong or said["channel"] != "C1":
            return {"error": wrong or "channel_not_found"}
        message = said | {"type": "message", "ts": f"{time.time():.6f}"}
        self.messages.append(message)
        return {"ts": message["ts"], "channel": "C1", "message": message}

    def _update(self, said: dict[str, Any]) -> dict[str, Any]:
        wrong = broken("slack-update", said)
        if wrong or said["ts"] not in [one["ts"] for one in self.messages]:
            return {"error": wrong or "message_not_found"}
        self.updates.append(said)
        return {"ts": said["ts"], "channel": "C1", "text": said["text"]}

    def _told(self, asked: dict[str, str], thread: str | None) -> dict[str, Any]:
        """The channel's messages, newest first; of a thread its first message, and the rest in their order."""
        newest = {one["ts"]: one["text"] for one in self.updates}
        shown = [one | {"text": newest.get(one["ts"], one["text"])} for one in self.messages]
        if asked.get("include_all_metadata", "false").lower() not in ("true", "1"):
            shown = [{name: value for name, value in one.items() if name != "metadata"} for one in shown]
        if thread is None:
            return {"messages": [one for one in reversed(shown) if "thread_ts" not in one], "has_more": False}
        return {"messages": [one for one in shown if thread in (one["ts"], one.get("thread_ts"))], "has_more": False}


@dataclass
class PagerDuty:
    """Alerts by their key, with every action on them, and change events."""

    alerts: dict[str, list[str]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, asked: Asked) -> tuple[int, Any]:
        said, change = asked.json, asked.place.endswith("/change/enqueue")
        wrong = broken("pagerduty-change" if change else "pagerduty-alert", said)
        if wrong:
            return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": [wrong]}
        if change:
            self.changes.append(said["payload"])
            return 202, {"status": "success", "message": "Change event processed"}
        self.alerts.setdefault(said["dedup_key"], []).append(said["event_action"])
        return 202, {"status": "success", "message": "Event processed", "dedup_key": said["dedup_key"]}


@dataclass
class Statuspage:
    """Incidents, newest first, each with its updates; and components."""

    incidents: list[dict[str, Any]] = field(default_factory=list)
    components: dict[str, str] = field(default_factory=lambda: {"api": "degraded_performance", "shop": "operational"})

    def answer(self, asked: Asked) -> tuple[int, Any]:
        if asked.headers.get("authorization") != f"OAuth {TOKEN}":
            return 401, {"error": "Could not authenticate"}
        if asked.place.endswith("/incidents/unresolved"):
            return 200, [one for one in self.incidents if one["status"] != "resolved"]
        if "/components/" in asked.place:
            return 200, {"id": asked.last, "status": self.components[asked.last]}
        found = next((one for one in self.incidents if one["id"] == asked.last), None)
        if asked.method == "GET":
            return (200, found) if found else (404, {"error": "not found"})
        wrong = broken("statuspage-update" if found else "statuspage-create", asked.json)
        if wrong:
            return 422, {"error": [wrong]}
        return (200 if found else 201), self._told(found, asked.json["incident"])

    def _told(self, found: dict[str, Any] | None, said: dict[str, Any]) -> dict[str, Any]:
        if found is None:
            found = {"id": f"inc{len(self.incidents)}", "status": "investigating", "incident_updates": []}
            self.incidents.insert(0, found)
        found |= {name: value for name, value in said.items() if name != "components"}
        found["incident_updates"].insert(0, {"status": found["status"], "body": said.get("body")})
        self.components |= said.get("components", {})
        return found


@dataclass
class Github:
    """A repository's issues, and the comments of each."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> tuple[int, Any]:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}
        words = asked.place.split("/issues")[1].strip("/").split("/")
        if words == [""]:
            return (200, self._listed(asked.query)) if asked.method == "GET" else self._made(asked.json)
        number = int(words[0])
        if words[1:] == ["comments"]:
            return (200, self.comments.get(number, [])) if asked.method == "GET" else self._said(number, asked.json)
        issue = next(one for one in self.issues if one["number"] == number)
        if asked.method == "GET":
            return 200, issue
        wrong = broken("github-update", asked.json)
        issue |= {} if wrong else asked.json
        return (422, {"message": wrong}) if wrong else (200, issue)

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        state, label = query.get("state", "open"), query.get("labels")
        found = [one for one in reversed(self.issues) if state in ("all", one["state"])]
        return [one for one in found if not label or label in one["labels"]][: int(query.get("per_page", "30"))]

    def _made(self, said: dict[str, Any]) -> tuple[int, Any]:
        wrong = broken("github-create", said)
        if wrong:
            return 422, {"message": wrong}
        number = len(self.issues) + 1
        where = f"https://github.com/hummii/hummii/issues/{number}"
        issue = {"id": 1000 + number, "labels": [], "body": None, "html_url": where}
        self.issues.append(issue | said | {"number": number, "state": "open"})
        return 201, self.issues[-1]

    def _said(self, number: int, said: dict[str, Any]) -> tuple[int, Any]:
        wrong = broken("github-comment", said)
        if wrong:
            return 422, {"message": wrong}
        self.comments.setdefault(number, []).append(said)
        return 201, said | {"id": 1}
