"""What the stack does for its requests in the seconds between two looks at the database: statements, scans, CPU.

Counted before a release and after it in the same way, under the same questions of ours, so that one compares with the
other. Never takes a few requests for a rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hummii_ops.checks.database.database_load import Load, statements
from hummii_ops.checks.requests import access_log, user_requests
from hummii_ops.errors import Unreachable
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.transport import LinkLost, Transport

LEAST_REQUESTS = 20


@dataclass(frozen=True, kw_only=True)
class Work:
    """In `window_s`; `requests` are all that the proxy logged, ours too. `api_cpu_ms`: of one core, in a second.

    None: not known.
    """

    requests: int
    window_s: float
    calls: int | None = None
    database_ms: float | None = None
    scans: int | None = None
    api_cpu_ms: float | None = None

    @property
    def calls_each(self) -> float | None:
        return self._each(self.calls)

    @property
    def database_ms_each(self) -> float | None:
        return self._each(self.database_ms)

    @property
    def scans_each(self) -> float | None:
        return self._each(self.scans)

    @property
    def cpu_ms_each(self) -> float | None:
        return self._each(None if self.api_cpu_ms is None else self.api_cpu_ms * self.window_s)

    def _each(self, amount: float | None) -> float | None:
        return None if amount is None or self.requests < LEAST_REQUESTS else amount / self.requests


def look(transport: Transport, snapshot: Snapshot, environment: Environment, load: Load | None) -> Work | None:
    """Of the seconds of `load`; None where the proxy's log does not tell of them."""
    window = user_requests.window(snapshot, environment)
    if load is None or isinstance(window, str):
        return None
    since, until = (datetime.fromtimestamp(one.at_s, UTC) for one in (load.before, load.after))
    try:
        counted = access_log.read(transport, replace(window, since=since, until=until), environment)
    except (LinkLost, Unreachable):
        return None
    if counted.trouble or (counted.kept_from and counted.kept_from > since):
        return None
    called = statements(load)
    theirs = None if called is None else [one for one in called if one.theirs]
    return Work(
        requests=counted.n + counted.ignored,
        window_s=round(load.window_s, 3),
        calls=None if theirs is None else sum(one.calls for one in theirs),
        database_ms=None if theirs is None else round(sum(one.total_ms for one in theirs), 3),
        scans=_scans(load),
        api_cpu_ms=load.api_cpu_ms,
    )


def parse(kept: Any) -> Work | None:
    """What a baseline kept of it. Raises TypeError, ValueError, KeyError or AttributeError for another form."""
    if kept is None:
        return None

    def number(name: str) -> float | None:
        return None if kept.get(name) is None else float(kept[name])

    calls, scans = number("calls"), number("scans")
    return Work(
        requests=int(kept["requests"]),
        window_s=float(kept["window_s"]),
        calls=None if calls is None else int(calls),
        database_ms=number("database_ms"),
        scans=None if scans is None else int(scans),
        api_cpu_ms=number("api_cpu_ms"),
    )


def _scans(load: Load) -> int:
    then = {row["table"]: int(row["scans"]) for row in load.before.all("scans")}
    grown = (int(row["scans"]) - then.get(row["table"], 0) for row in load.after.all("scans") if row["table"] in then)
    return sum(max(one, 0) for one in grown)
