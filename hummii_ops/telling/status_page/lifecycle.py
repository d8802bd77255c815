"""An incident as the public sees it: identified, monitoring, resolved. Pure.

Only watching for a while resolves it: a rollback that succeeded is a fix in place, no more. One that failed goes back
to identified.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Any, Literal

from hummii_ops.telling.outbox import Note, NoteKind

Stage = Literal["identified", "monitoring", "resolved"]
# What a kind makes of an incident; an announcement leaves it where it is.
STAGES: Mapping[NoteKind, Stage] = {
    "started": "identified",
    "succeeded": "monitoring",
    "failed": "identified",
    "restored": "identified",
    "needs-person": "identified",
    "regressed": "identified",
    "monitoring-ok": "resolved",
}
OPENS: frozenset[NoteKind] = frozenset({"started", "needs-person", "regressed"})
# A page on which nothing is open need not say these; but what is older must then open nothing any more.
SOLVES: frozenset[NoteKind] = frozenset({"succeeded", "monitoring-ok"})
MOST_KEPT = 20


def is_replaced(note: Note, newest_at: str) -> bool:
    """Is it of a stage that is past? `newest_at`: of the last note that made a stage, ISO 8601; "" for none.

    What a person announces stays worth telling.
    """
    try:
        return note.kind != "announced" and note.at < datetime.fromisoformat(newest_at)
    except (ValueError, TypeError):  # none, or written by somebody else
        return False


@dataclass(frozen=True, kw_only=True)
class Update:
    """One thing that was said. `at` is ISO 8601, UTC."""

    id: str
    at: str
    stage: Stage
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Incident:
    """An incident, its newest update last."""

    id: str
    updates: tuple[Update, ...]

    @property
    def stage(self) -> Stage:
        return self.updates[-1].stage

    @property
    def resolved_at(self) -> str:
        """Since when it is; "" while it is not. An announcement after it changes nothing."""
        since = [one.at for one in takewhile(_is_resolved, reversed(self.updates))]
        return since[-1] if since else ""

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "stage": self.stage, "updates": [vars(one) for one in self.updates]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Incident:
        """Raises KeyError, TypeError or ValueError where it is none."""
        updates = tuple(Update(**one) for one in value["updates"])
        if not updates:
            raise ValueError("an incident without updates")
        return cls(id=str(value["id"]), updates=updates)


def _is_resolved(update: Update) -> bool:
    return update.stage == "resolved"


def told(incidents: Sequence[Incident], run_id: str, update: Update, kind: NoteKind) -> tuple[Incident, ...]:
    """The incidents, newest first, with an update; the same as before if it is there already.

    It goes to the run's own incident, else to one that is not resolved: also one that a person opened. What came since
    stays the last word; what is older than a "resolved" opens nothing.
    """
    if any(one.id == update.id for incident in incidents for one in incident.updates):
        return tuple(incidents)
    own = next((one for one in incidents if one.id == run_id), None)
    mine = own or next((one for one in incidents if one.stage != "resolved"), None)
    if mine is None:
        if kind not in OPENS or any(one.resolved_at > update.at for one in incidents):
            return tuple(incidents)  # nothing was said to be wrong, or all was said to be well since
        return (Incident(id=run_id, updates=(update,)), *incidents)[:MOST_KEPT]
    before = [one for one in mine.updates if one.at <= update.at]
    after = [one for one in mine.updates if one.at > update.at]  # what was told late stands at its time
    stage = STAGES.get(kind, (before or after)[-1].stage)
    grown = replace(mine, updates=(*before, replace(update, stage=stage), *after))
    return tuple(grown if one is mine else one for one in incidents)


def on_page(
    incidents: Sequence[Incident], note: Note, update: Update, memory: MutableMapping[str, str]
) -> tuple[Incident, ...]:
    """`told` of a page that has nothing but its incidents. `memory`: when the run was over, where no page says it."""
    if is_replaced(note, memory.get("passed", "")):
        return tuple(incidents)
    grown = told(incidents, note.run_id, update, note.kind)
    if note.kind in SOLVES and all(one.id != update.id for incident in grown for one in incident.updates):
        memory["passed"] = note.at.isoformat()
    return grown
