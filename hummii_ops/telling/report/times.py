"""When what happened, how long it took, and how that stands against the procedure's estimates.

What nobody wrote down is None, never guessed. Times of the laptop are brought to the host's clock where the two are
known to differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hummii_ops.run.kept import Kept, KeptHost
from hummii_ops.telling.report import samples

# The procedure's own estimates, in minutes, by its scenario; a run that no scenario began is its manual rollback.
ESTIMATES = {
    "deployment-failure": ("a failed deployment", 10, 15),
    "critical-bug": ("a critical bug", 15, 30),
    "performance-degradation": ("degraded performance", 20, 40),
    "database-only": ("the database", 30, 60),
    "": ("a rollback by script", 10, 15),
}
_DATABASE = ("prepare-db", "rollback-db")
_CHANGING = ("changes", "replaces")
# A laptop and a server that keep their time differ by less; the bounds are no better than the link.
_WORTH_SAYING_S = 1.0

# What a person can say of a moment that no program saw: fab note --moment=…
SAID_MOMENTS = ("trouble", "noticed", "decided")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """By how many seconds the host's clock is ahead of the laptop's, at least and at most; None: no bound is known."""

    least_s: float | None
    most_s: float | None

    @property
    def shift_s(self) -> float:
        """What is surely to be added to a time of the laptop: the nearest to 0 that the bounds allow."""
        if self.least_s is not None and self.least_s > _WORTH_SAYING_S:
            return self.least_s
        if self.most_s is not None and self.most_s < -_WORTH_SAYING_S:
            return self.most_s
        return 0.0

    def as_json(self) -> dict[str, Any]:
        return {"ahead_least_s": self.least_s, "ahead_most_s": self.most_s, "shift_s": round(self.shift_s, 3)}


def clock(host: KeptHost) -> Clock:
    """The run began on the host after it was asked for here, and its end was written here after it was there."""
    asked, begun = asked_at(host.about), host.outcome.began_at
    ended = host.events[-1].at if host.events else None
    return Clock(
        least_s=round((ended - host.saved_at).total_seconds(), 3) if ended and host.saved_at else None,
        most_s=round((begun - asked).total_seconds(), 3) if begun and asked else None,
    )


def asked_at(about: Mapping[str, str]) -> datetime | None:
    """When the run was asked for, by the clock of who asked."""
    try:
        return datetime.fromtimestamp(int(about["since"]) / 1000, tz=UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def moments(kept: Kept) -> dict[str, datetime | None]:
    """Of all hosts together: the first beginning, the last end."""
    shift = timedelta(seconds=clock(kept.hosts[0]).shift_s)
    asked = asked_at(kept.about)
    said = {f"{name}_at": _said(kept, name, shift) for name in SAID_MOMENTS}
    changes = [one for one in map(changed_between, kept.hosts) if one is not None]
    return said | {
        "asked_at": asked + shift if asked else None,
        "began_at": _first(one.outcome.began_at for one in kept.hosts),
        "changed_at": _first(first for first, _ in changes),
        "back_at": _first(event.at for one in kept.hosts for event in one.events if event.kind == "back"),
        "placed_at": _last(last for _, last in changes),
        "recovered_at": _last(map(recovered_at, kept.hosts)),
        "ended_at": _last(one.outcome.ended_at for one in kept.hosts) if all(h.ended for h in kept.hosts) else None,
    }


def changed_between(host: KeptHost) -> tuple[datetime, datetime] | None:
    """From the first act that changes the stack to the end of the last; None: nothing was changed."""
    plan = host.plan
    changing = {step.id for step in (*plan.forward, *plan.back) if step.effect in _CHANGING}
    acts = [event.at for event in host.events if event.step in changing and event.kind in ("start", "done", "failed")]
    return (acts[0], acts[-1]) if acts else None


def recovered_at(host: KeptHost) -> datetime | None:
    """When its health URL began to answer well for good; None: it was never seen ill after the first change."""
    changed = changed_between(host)
    if changed is None:
        return None
    found = samples.recovered_ms(samples.parse(host.probes), changed[0].timestamp() * 1000)
    return datetime.fromtimestamp(found / 1000, tz=UTC) if found is not None else None


def durations(at: Mapping[str, datetime | None]) -> dict[str, float | None]:
    """Seconds between moments, where both are known; from trouble to the end is what the customers saw."""
    spans = {
        "detect_s": ("trouble_at", "noticed_at"),
        "decide_s": ("noticed_at", "decided_at" if at["decided_at"] else "asked_at"),
        "prepare_s": ("asked_at", "changed_at"),
        "execute_s": ("changed_at", "placed_at"),
        "verify_s": ("placed_at", "ended_at"),
        "total_s": ("asked_at", "ended_at"),
    }
    return {name: _between(at[begin], at[end]) for name, (begin, end) in spans.items()}


def estimate(kept: Kept, took_s: float | None) -> dict[str, Any]:
    """What the procedure expects of such a rollback, done by hand, and what this one took."""
    by_task = "database-only" if kept.hosts[0].plan.task in _DATABASE else ""
    words, least, most = ESTIMATES.get(kept.about.get("scenario", by_task), ESTIMATES[by_task])
    judged = None
    if took_s is not None:
        judged = "sooner" if took_s < least * 60 else "within" if took_s <= most * 60 else "later"
    return {"of": words, "least_s": least * 60, "most_s": most * 60, "took_s": took_s, "judged": judged}


def said_at(note: Mapping[str, Any]) -> datetime | None:
    """The time that a note is about."""
    try:
        at = datetime.fromisoformat(note["at"])
    except (KeyError, TypeError, ValueError):
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _said(kept: Kept, moment: str, shift: timedelta) -> datetime | None:
    """The newest word of a person on it wins: who writes again corrects."""
    at = next((said_at(note) for note in reversed(kept.notes) if note.get("moment") == moment), None)
    return at + shift if at else None


def _between(begin: datetime | None, end: datetime | None) -> float | None:
    return round((end - begin).total_seconds(), 3) if begin and end and end >= begin else None


def _first(times: Iterable[datetime | None]) -> datetime | None:
    return min((one for one in times if one is not None), default=None)


def _last(times: Iterable[datetime | None]) -> datetime | None:
    return max((one for one in times if one is not None), default=None)
