"""What people have to keep up: the written procedure is gone through, and a rollback is practised. Pure.

Late is yellow: a rollback would still go, and nobody knows whether people would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory.prevention import Ready
from hummii_ops.readiness.line import Line, green, grey, yellow

_SET = "environments.NAME.ready in inventory.yml"
_PRACTISED = ("rollback", "rollback-db")


def lines(settings: Ready, snapshots: Sequence[Snapshot], today: date) -> Iterator[Line]:
    """The review, and the drill."""
    yield _due("review", "the procedure was gone through", settings.reviewed, settings.review_days, "reviewed", today)
    real = [
        run.state_at.date()
        for snapshot in snapshots
        for run in snapshot.runs
        if run.task in _PRACTISED and run.state == "done" and run.state_at
    ]
    said = [settings.drilled] if settings.drilled else []
    last = max(said + real) if said else None
    yield _due("drill", "a rollback was last made", last, settings.drill_days, "drilled", today)


def _due(name: str, what: str, last: date | None, days: int, key: str, today: date) -> Line:
    if last is None:
        return grey(name, f"not followed: inventory.yml has no ready.{key}", source=_SET)
    since = (today - last).days
    due = last + timedelta(days=days)
    numbers = {"value": since, "unit": "d", "limit": days}
    if today > due:
        todo = f"do it, on the lab or on staging, and write the day as ready.{key} in inventory.yml"
        return yellow(name, f"{what} on {last}; it was due on {due}", todo, source=_SET, **numbers)
    return green(name, f"{what} on {last}; due on {due}", source=_SET, **numbers)
