"""A status page by GitHub issues: an issue for an incident, a comment for each update, closed when it is resolved.

An open issue with the label is gone on with, also one that a person opened. What may have been written before is looked
for by a mark in it, so that it stands there once. What comes late opens nothing that is over.
"""

from __future__ import annotations

import json
from typing import Any

from hummii_ops.inventory import Secret
from hummii_ops.inventory.status_pages import GithubIssue
from hummii_ops.telling.channels.channel import Words
from hummii_ops.telling.channels.posting import Poster, json_of, list_of
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note
from hummii_ops.telling.status_page.lifecycle import OPENS, SOLVES, STAGES, is_replaced
from hummii_ops.telling.templates import Message


class IssuePage:
    """The issues of a repository that have a label."""

    doubles = ()

    def __init__(self, settings: GithubIssue, token: Secret, words: Words, *, limit_s: float) -> None:
        self._label, self._token, self._words = settings.label, token, words
        self._repository = f"{settings.url}/repos/{settings.repository}"
        self._poster = Poster(limit_s=limit_s)

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """Open the issue, or comment on it; closed when the incident is resolved, open again when it is back."""
        said = self._words.of(note, escaped)
        if said is None:
            return "nothing to say"
        if is_replaced(note, ledger.memory.get("at", "")):
            return "a later update replaced it"
        number = self._open_for(note, ledger)
        if number is None and note.kind not in OPENS:
            if note.kind in SOLVES:
                ledger.memory["at"] = note.at.isoformat()
            return "no issue is open"
        ledger.memory["issue"] = number = self._written(number, note, said, again=again)
        ledger.save()
        if note.kind in STAGES:
            self._decide(number, note)
            ledger.memory["at"] = note.at.isoformat()
        return f"#{number}"

    def _open_for(self, note: Note, ledger: Ledger) -> str | None:
        """The issue that this note belongs to. A closed one takes only what opens it again, or an announcement."""
        known = ledger.memory.get("issue")
        if known is None:
            return self._open_one()
        if (
            note.kind in OPENS
            or note.kind not in STAGES
            or self._ask("GET", f"/issues/{known}", None)["state"] == "open"
        ):
            return known
        return None

    def _written(self, number: str | None, note: Note, said: Message, *, again: bool) -> str:
        """The note as a new issue, or as a comment on one; its number."""
        body = f"{said.text}\n\n{_mark(note)}"
        if number is None:
            made = {"title": said.title, "body": body, "labels": [self._label]}
            return str(self._ask("POST", "/issues", made)["number"])
        if not (again and self._is_there(number, note)):
            self._ask("POST", f"/issues/{number}/comments", {"body": f"**{said.title}**\n\n{body}"})
        return number

    def _decide(self, number: str, note: Note) -> None:
        """Only what begins trouble opens an issue that others may have closed since."""
        if STAGES[note.kind] == "resolved":
            self._ask("PATCH", f"/issues/{number}", {"state": "closed"})
        elif note.kind in OPENS:
            self._ask("PATCH", f"/issues/{number}", {"state": "open"})

    def check(self) -> str:
        """The open issues, which reads only."""
        self._open_one()
        return "the issues can be read; whether they can be written shows when one is"

    def _open_one(self) -> str | None:
        found = self._list(f"/issues?state=open&labels={self._label}&per_page=30")
        issues = [one for one in found if "pull_request" not in one]  # for GitHub a pull request is an issue, too
        return str(issues[0]["number"]) if issues else None

    def _is_there(self, number: str, note: Note) -> bool:
        issue = self._ask("GET", f"/issues/{number}", None)
        comments = self._list(f"/issues/{number}/comments?per_page=100")
        return any(_mark(note) in str(one.get("body")) for one in [issue, *comments])

    def _list(self, path: str) -> list[dict[str, Any]]:
        url = self._repository + path
        return list_of(self._poster.ask("GET", url, None, self._headers()), url)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        url, content = self._repository + path, None if body is None else json.dumps(body).encode()
        return json_of(self._poster.ask(method, url, content, self._headers()), url, needs="id")

    def _headers(self) -> dict[str, str]:
        accept = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        return accept | {"Authorization": f"Bearer {self._token.reveal()}", "Content-Type": "application/json"}


def _mark(note: Note) -> str:
    return f"<!-- hummii-ops {note.id} -->"


def escaped(text: str) -> str:
    """No HTML, nobody mentioned."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")
