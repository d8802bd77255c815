"""Requests and the stack that the looks are made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from built_snapshots import NOW

from hummii_ops.checks.compared.baseline import Baseline, Samples
from hummii_ops.checks.database.database_load import Load, Look
from hummii_ops.checks.requests.user_requests import Requests, Window
from hummii_ops.checks.would_help import looks
from hummii_ops.checks.would_help.traffic import Counted
from hummii_ops.inventory import Environment

ENVIRONMENT = Environment.model_validate(
    {
        "name": "production",
        "hosts": [{"name": "prod-1", "address": "192.0.2.1"}],
        "proxy": {"service": "nginx"},
        "database": {"name": "hummii", "user": "hummii"},
    }
)

MINUTE = timedelta(minutes=1)

BEGAN = NOW - 20 * MINUTE

PROXY = (("hummii-nginx-1", "ab"),)


def times(median: float, seed: int = 1, n: int = 60) -> tuple[float, ...]:
    chance = Random(seed)
    return tuple(median * chance.lognormvariate(0, 0.2) for _ in range(n))


def counted(median: float = 90, *, since: float, until: float, n: int = 400, seed: int = 1, **more: Any) -> Counted:
    """Requests between two minutes, counted from the release."""
    window = Window(containers=PROXY, since=BEGAN + since * MINUTE, until=BEGAN + until * MINUTE)
    return Counted(window=window, requests=Requests(**{"n": n, "timed": n, "samples": times(median, seed)} | more))


NOW_SLOW = counted(2000, since=1, until=20, seed=2)

BEFORE = counted(since=-30, until=0)

BASELINE = Baseline(
    identity="aa",
    version="1.0",
    at=BEGAN,
    samples=Samples(
        responses={"/api/health": times(5)}, requests=times(100), counted=500, failed=1, statements={"1": (2.0, 9)}
    ),
)


def database(*after: dict[str, Any], before: tuple[dict[str, Any], ...] = ()) -> Load:
    def looked(rows: tuple[dict[str, Any], ...]) -> Look:
        kinds: dict[str, tuple[dict[str, Any], ...]] = {}
        for row in rows:
            kinds[row["what"]] = (*kinds.get(row["what"], ()), row)
        return Look(rows=kinds)

    return Load(before=looked(before), after=looked(after))


TOTALS = {"1": (1000, 2000.0), "3": (5, 50.0)}


def since(*rows: dict[str, Any], reset: str = "r", minutes: int = 1) -> Any:
    """What is seen in a database, of which TOTALS were kept so many minutes before the release."""
    samples = replace(BASELINE.samples, totals=TOTALS, counted_since="r")
    base = replace(BASELINE, at=BEGAN - minutes * MINUTE, samples=samples)
    marks = ({"what": "statements"}, {"what": "statements-reset", "at": reset})
    quiet = tuple(row for row in rows if row["what"] == "statement")
    return looks.in_database(database(*marks, *rows, before=quiet), base, began_at=BEGAN)
