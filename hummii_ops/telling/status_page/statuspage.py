"""Atlassian Statuspage: one incident for a run, and its components as they were before when it is resolved.

An incident that is open is gone on with, also one that a person opened: it is updated, never duplicated. The notes that
it has stand in its metadata, so that one who was killed, or comes late, tells nothing twice, and nothing that a later
note has replaced. One request a second is allowed for a token; a run tells far less.
"""

from __future__ import annotations

import json
from typing import Any

from hummii_ops.inventory import Secret
from hummii_ops.inventory.status_pages import Statuspage
from hummii_ops.telling.channels.channel import Words
from hummii_ops.telling.channels.posting import Poster, json_of, list_of
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note
from hummii_ops.telling.status_page.lifecycle import OPENS, SOLVES, STAGES, is_replaced
from hummii_ops.telling.templates import Message

_OURS = "hummii_ops"
_COMPONENT = "component "
_MOST_NOTES = 50


class HostedPage:
    """A page at Statuspage."""

    doubles = ()

    def __init__(self, settings: Statuspage, key: Secret, words: Words, *, limit_s: float) -> None:
        self._settings, self._key, self._words = settings, key, words
        self._page = f"{settings.url}/pages/{settings.page}"
        self._poster = Poster(limit_s=limit_s)

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """Open the incident, or update it."""
        said = self._words.of(note)
        if said is None:
            return "nothing to say"
        found = self._found(note, ledger)
        if found is None and note.kind not in OPENS:
            if note.kind in SOLVES:  # what comes late must not open one any more
                ledger.memory["passed"] = note.at.isoformat()
            return "no incident is open"
        ours = _ours(found or {})
        if found is not None and again and note.id in _notes(ours):
            return self._remembered(found, ledger)
        if is_replaced(note, str(ours.get("at", ""))) or is_replaced(note, ledger.memory.get("passed", "")):
            return "a later update replaced it"
        self._remember_components(ledger)
        body = self._incident(note, said, ledger, ours)
        if found is None:
            found = self._ask("POST", "/incidents", {"incident": body | {"name": said.title[:255]}})
        else:
            self._ask("PATCH", f"/incidents/{found['id']}", {"incident": body})
        return self._remembered(found, ledger)

    def check(self) -> str:
        """The open incidents, which reads only."""
        return f"the key works; {len(self._unresolved())} incidents are open"

    def _incident(self, note: Note, said: Message, ledger: Ledger, known: dict[str, Any]) -> dict[str, Any]:
        stage = STAGES.get(note.kind)
        at = note.at.isoformat() if stage is not None else known.get("at", "")
        before = {name: text for name, text in ledger.memory.items() if name.startswith(_COMPONENT)}
        ours = {"run_id": note.run_id, "at": at, "notes": [*_notes(known), note.id][-_MOST_NOTES:]} | before
        body: dict[str, Any] = {"body": said.text or said.title, "metadata": {_OURS: ours}}
        if stage is None:
            return body
        body |= {"status": stage}
        if stage == "resolved":
            well = {name.removeprefix(_COMPONENT): text for name, text in before.items()}
            return body | ({"components": well} if well else {})
        if self._settings.components:
            body["components"] = dict.fromkeys(self._settings.components, self._settings.component_status)
        return body

    def _remember_components(self, ledger: Ledger) -> None:
        """What they were before we touched them; asked once for a run."""
        missing = [one for one in self._settings.components if _COMPONENT + one not in ledger.memory]
        for one in missing:
            found = self._ask("GET", f"/components/{one}", None)
            ledger.memory[_COMPONENT + one] = str(found.get("status", "operational"))
        if missing:
            ledger.save()

    def _found(self, note: Note, ledger: Ledger) -> dict[str, Any] | None:
        """What this run tells of, as it is now: other runs and people may have told there since."""
        known = ledger.memory.get("incident")
        return self._ask("GET", f"/incidents/{known}", None) if known else self._open_one(note, ledger)

    def _open_one(self, note: Note, ledger: Ledger) -> dict[str, Any] | None:
        """This run's incident, else the newest that is not resolved; it knows what components were before it."""
        found = self._unresolved()
        own = [one for one in found if _ours(one).get("run_id") == note.run_id]
        for one in [*own, *found]:
            ledger.memory |= {name: str(text) for name, text in _ours(one).items() if name.startswith(_COMPONENT)}
            return one
        return None

    def _remembered(self, incident: dict[str, Any], ledger: Ledger) -> str:
        found = str(incident["id"])
        ledger.memory["incident"] = found
        ledger.save()
        return found

    def _unresolved(self) -> list[dict[str, Any]]:
        url = f"{self._page}/incidents/unresolved"
        return list_of(self._poster.ask("GET", url, None, self._headers()), url)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        url = self._page + path
        content = None if body is None else json.dumps(body).encode()
        return json_of(self._poster.ask(method, url, content, self._headers()), url, needs="id")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"OAuth {self._key.reveal()}", "Content-Type": "application/json"}


def _ours(incident: dict[str, Any]) -> dict[str, Any]:
    """What we wrote at an incident."""
    metadata = incident.get("metadata")
    ours = metadata.get(_OURS) if isinstance(metadata, dict) else None
    return ours if isinstance(ours, dict) else {}


def _notes(ours: dict[str, Any]) -> list[str]:
    """The ids of the notes that an incident has, the last one last."""
    notes = ours.get("notes")
    return [str(one) for one in notes] if isinstance(notes, list) else []
