"""What the procedure asks for after a rollback: its twelve lines, when each is due, who has it, and what came of it.

Pure. A program ticks only what it has looked at and found well; the rest is people's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

State = Literal["open", "done", "late"]
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(hours=24), timedelta(days=7)
# Verdicts of looks, the worst first; a look that was skipped says nothing.
_WORST = ("fail", "error", "inconclusive", "pass")


@dataclass(frozen=True, kw_only=True)
class Followup:
    """One line. `looks`: the beginnings of the names of what `fab verify` measures of it; (): only people know.

    `evidence`: {at, verdict, words, file}, what a program has seen last. `issue`: where it is opened as an issue.
    """

    id: str
    words: str
    due_at: datetime
    looks: tuple[str, ...] = ()
    owner: str | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    evidence: Mapping[str, Any] | None = None
    issue: str | None = None

    def state(self, now: datetime) -> State:
        """Late until it is done; what was done late is done."""
        if self.done_at is not None:
            return "done"
        return "late" if now > self.due_at else "open"

    def kept(self) -> dict[str, Any]:
        """What a person or a look has added, as followups.json keeps it."""
        done_at = self.done_at.isoformat() if self.done_at else None
        said = {"owner": self.owner, "done_at": done_at, "done_by": self.done_by, "evidence": self.evidence}
        return said | {"issue": self.issue}

    def as_json(self, now: datetime) -> dict[str, Any]:
        head = {"id": self.id, "words": self.words, "state": self.state(now), "due_at": self.due_at.isoformat()}
        return head | self.kept()


_PERFORMANCE = ("requests.time", "speed.", "database.", "cpu", "memory", "disk", "inodes", "load", "prometheus.p95")
# In the procedure's order and words; the names of looks are those of `fab verify`.
_LINES: tuple[tuple[timedelta, str, str, tuple[str, ...]], ...] = (
    (HOUR, "service-health", "Monitor service health", ("service",)),
    (HOUR, "error-logs", "Check error logs", ("logs.",)),
    (HOUR, "user-flows", "Verify user flows", ("flow.",)),
    (HOUR, "critical-endpoints", "Test critical endpoints", ("health.", "response.")),
    (DAY, "error-rates", "Monitor error rates", ("requests.errors", "prometheus.errors")),
    (DAY, "performance-metrics", "Check performance metrics", _PERFORMANCE),
    (DAY, "user-feedback", "Review user feedback", ()),
    (DAY, "root-cause", "Investigate root cause", ()),
    (WEEK, "fix", "Fix issues in the new version", ()),
    (WEEK, "re-test", "Re-test the deployment", ()),
    (WEEK, "procedures", "Update deployment procedures", ()),
    (WEEK, "post-mortem", "Conduct the post-mortem", ()),
)
IDS = tuple(id_ for _, id_, _, _ in _LINES)


def followups(ended_at: datetime, kept: Mapping[str, Any]) -> tuple[Followup, ...]:
    """The twelve, due from the run's end; `kept`: what followups.json says, by id; what it says wrongly is dropped."""
    return tuple(
        _with(Followup(id=id_, words=words, due_at=ended_at + within, looks=looks), kept.get(id_))
        for within, id_, words, looks in _LINES
    )


def done(items: Iterable[Followup], id_: str, *, by: str, at: datetime) -> tuple[Followup, ...]:
    """Ticked by a person; what is done already stays as it is."""
    return tuple(
        replace(one, done_at=one.done_at or at, done_by=one.done_by or by) if one.id == id_ else one for one in items
    )


def owned(items: Iterable[Followup], owner: str, id_: str | None) -> tuple[Followup, ...]:
    """`id_`: of this one; None: of all that are open and have none."""
    return tuple(
        replace(one, owner=owner) if one.id == id_ or (id_ is None and not one.owner and not one.done_at) else one
        for one in items
    )


def looked(
    items: Iterable[Followup], measured: Iterable[Mapping[str, Any]], *, at: datetime, file: str
) -> tuple[Followup, ...]:
    """With the verdicts of looks as evidence; what passed is ticked, and what a person ticked stays ticked."""
    measured = list(measured)
    return tuple(_looked(one, measured, at=at, file=file) for one in items)


def _looked(item: Followup, measured: list[Mapping[str, Any]], *, at: datetime, file: str) -> Followup:
    """By what breaks the verdict of verify alone: the rest of it is only shown there."""
    mine = [one for one in measured if str(one.get("name", "")).startswith(item.looks) and one.get("critical", True)]
    mine = [one for one in mine if one.get("verdict") in _WORST]
    if not mine:
        return item
    verdict = min((str(one["verdict"]) for one in mine), key=_WORST.index)
    loud = [f"{one['name']}: {one.get('reason') or verdict}" for one in mine if one["verdict"] == verdict]
    words = f"{len(mine)} looks pass" if verdict == "pass" else "; ".join(loud[:3])
    item = replace(item, evidence={"at": at.isoformat(), "verdict": verdict, "words": words, "file": file})
    if verdict == "pass" and item.done_at is None:
        return replace(item, done_at=at, done_by="fab verify")
    return item


def _with(item: Followup, kept: Any) -> Followup:
    if not isinstance(kept, dict):
        return item
    evidence = kept.get("evidence")
    return replace(
        item,
        owner=_text(kept.get("owner")),
        done_at=_time(kept.get("done_at")),
        done_by=_text(kept.get("done_by")),
        evidence=evidence if isinstance(evidence, dict) else None,
        issue=_text(kept.get("issue")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else None
