"""Looks at a host, turned into evidence: resources, database, requests of users, a baseline. Pure.

Never takes a window that holds two releases for the one before: what is compared ends when the release began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hummii_ops.checks import database_load
from hummii_ops.checks.access_log import Requests, Window
from hummii_ops.checks.baseline import Baseline
from hummii_ops.checks.mask import shown
from hummii_ops.checks.resources import Resources
from hummii_ops.checks.statistics import LEAST_POINTS, change_point
from hummii_ops.checks.would_help.evidence import DatabaseLoad, HostLoad, Load, Previous
from hummii_ops.checks.would_help.metrics import Failures, Series
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment

_BEFORE, _CONTROL = timedelta(minutes=30), timedelta(minutes=30)
CONTROLS = (("yesterday", timedelta(days=1)), ("last week", timedelta(days=7)))
_LEAST_TOTAL_MS = 50.0  # less, in the few seconds of two looks, is no work to take shares of
_BY_HAND = ("psql", "pgadmin", "dbeaver", "datagrip", "pg_dump", "tableplus")  # no session of a stack is named so
_LEAST_MS = 20.0  # a smaller difference is nobody's trouble, whatever its ratio


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Users' requests in a window of the proxy's log."""

    window: Window
    requests: Requests

    @property
    def usable(self) -> bool:
        """Was the log read, and does it reach back to where the window begins?"""
        kept = self.requests.kept_from
        return self.requests.trouble is None and (kept is None or kept <= self.window.since)

    @property
    def rate(self) -> float:
        return self.requests.n / self.window.seconds if self.window.seconds else 0.0


def earlier_windows(now: Window, began_at: datetime, oldest: datetime) -> dict[str, Window]:
    """`before` the release, and the same time on earlier days, as far as the proxy's containers go back.

    A day on which the release ran already is no control.
    """
    found = {"before": replace(now, since=began_at - _BEFORE, until=began_at)}
    for name, ago in CONTROLS:
        found[name] = replace(now, since=now.until - ago - _CONTROL, until=now.until - ago)
    return {name: one for name, one in found.items() if one.since >= oldest and one.until <= began_at}


def host_load(found: Resources, snapshot: Snapshot, api: str) -> HostLoad:
    """CPU of docker stats is of one core; here all are of all cores."""
    own = sum(one.cpu_percent for one in found.used.values()) / found.cores
    apis = [found.used[one.id].cpu_percent for one in snapshot.service(api) if one.id in found.used]
    told = found.busy_percent is not None and not found.trouble
    ten = {key: averages[0] for key, averages in found.pressure.items()}
    disks = [one for one in snapshot.disks if one.total_bytes]
    inodes = [one for one in snapshot.disks if one.total_inodes]
    return HostLoad(
        cpu_some=ten.get(("cpu", "some")),
        memory_full=ten.get(("memory", "full")),
        io_full=ten.get(("io", "full")),
        steal=found.steal_percent,
        disk_used=max((100 * (1 - one.free_bytes / one.total_bytes) for one in disks), default=None),
        inodes_used=max((100 * (1 - one.free_inodes / one.total_inodes) for one in inodes), default=None),
        memory_used=found.memory_percent,
        load_per_core=None if found.load is None else found.load / found.cores,
        outside_cpu=max((found.busy_percent or 0.0) - own, 0.0) if told else None,
        api_cpu_now=sum(apis) / found.cores if apis else None,
    )


def in_database(load: database_load.Load, before: Baseline | None) -> DatabaseLoad:
    """Of states the second look; statements between the two."""
    waits = sorted(load.after.all("blocked"), key=lambda row: -float(row.get("waits_s") or 0))
    idle = [
        float(row.get("state_s") or 0)
        for row in load.after.all("transaction")
        if str(row.get("state", "")).startswith("idle in transaction")
    ]
    connections = load.after.one("connections")
    called = database_load.statements(load)
    share, newest = _new(called or (), before)
    return DatabaseLoad(
        blocked=len({row["pid"] for row in waits}),
        longest_wait_s=float(waits[0].get("waits_s") or 0) if waits else None,
        blocker=_who(waits[0]) if waits else "",
        blocker_is_ours=_is_ours(waits[0]) if waits else None,
        idle_in_transaction_s=max(idle, default=None),
        connections=connections.get("used"),
        max_connections=connections.get("most"),
        slowest_statement_ms=called[0].mean_ms if called else None,
        new_share=share,
        new_statement=newest,
    )


def _new(called: tuple[database_load.Statement, ...], before: Baseline | None) -> tuple[float | None, str]:
    """The share of time of statements that the baseline did not see; None where there is none to compare with."""
    total = sum(one.total_ms for one in called)
    known = before.samples.statements if before else {}
    if not known or total < _LEAST_TOTAL_MS:
        return None, ""
    new = [one for one in called if one.query_id not in known]
    return sum(one.total_ms for one in new) / total, shown(new[0].query, most=80) if new else ""


def _who(row: Mapping[str, object]) -> str:
    words = (row.get("by_user"), row.get("by_application"), row.get("by_state"))
    return shown(f"pid {row.get('by')} ({', '.join(str(one) for one in words if one)})", most=120)


def _is_ours(row: Mapping[str, object]) -> bool | None:
    """False for a program that people use; else it cannot be told."""
    return False if str(row.get("by_application") or "").lower().startswith(_BY_HAND) else None


def metrics(
    now: Counted | None,
    earlier: Mapping[str, Counted],
    responses: Mapping[str, tuple[float, ...]],
    base: Baseline | None,
    environment: Environment,
) -> Iterator[Series | Failures]:
    """Users' requests, if the log tells of any; and our own questions, against the baseline."""
    limits = environment.limits
    usable = {name: one for name, one in earlier.items() if one.usable}
    has_users = now is not None and now.usable and now.requests.n > 0
    if now is not None and has_users:
        then = usable.get("before")
        controls = [(name, one.requests) for name, one in usable.items() if name != "before"]
        kept = base.samples if base else None
        yield Failures(
            name="requests.errors",
            before=_failed(then.requests) if then else (kept.failed, kept.counted) if kept else (0, 0),
            after=_failed(now.requests),
            controls=tuple((name, _failed(one)) for name, one in controls),
            limit=limits.errors_percent / 100,
        )
        yield Series(
            name="requests.time",
            unit="ms",
            before=then.requests.samples if then else kept.requests if kept else (),
            after=now.requests.samples,
            controls=tuple((name, one.samples) for name, one in controls),
            limit=limits.request_p95_ms,
            least_difference=_LEAST_MS,
            required=now.requests.timed > 0,
        )
    for path, times in sorted(responses.items()):
        yield Series(
            name=f"response{path}",
            unit="ms",
            before=base.samples.responses.get(path, ()) if base else (),
            after=times,
            limit=limits.response_p95_ms,
            least_difference=_LEAST_MS,
            required=not has_users,
        )


def _failed(seen: Requests) -> tuple[int, int]:
    return seen.failed, seen.n


def proven(previous: Previous | None, before: Counted | None, environment: Environment) -> Previous | None:
    """A release that nobody marked, and whose users were served well until the next one began, was healthy."""
    if previous is None or previous.healthy is not None or not previous.directly or previous.why_none is not None:
        return previous
    if before is None or not before.usable or before.requests.n < LEAST_POINTS:
        return previous
    failed, n = _failed(before.requests)
    if failed / n > environment.limits.errors_percent / 100:
        return previous
    proof = f"served {n} requests in the {before.window.seconds / 60:.0f} min before it, of which {failed} failed"
    return replace(previous, healthy=True, proof=proof)


def more_load(now: Counted | None, before: Counted | None) -> Load | None:
    """Requests by second; what one costs is not known from a log."""
    if now is None or before is None or not (now.usable and before.usable and before.requests.n and now.requests.n):
        return None
    return Load(rate_before=before.rate, rate_now=now.rate)


def onset(now: Counted | None, before: Counted | None, began_at: datetime) -> datetime | None:
    """About when the requests became slower; None where the two windows do not meet at the release."""
    if now is None or before is None or not (now.usable and before.usable):
        return None
    first, second = before.requests.samples, now.requests.samples
    settling = now.window.since - began_at
    if not first or not second or settling > timedelta(minutes=5):
        return None
    found = change_point([*first, *second])
    if found is None:
        return None
    if found.place == len(first):
        return began_at
    within, place, n = (before.window, found.place, len(first))
    if found.place > len(first):
        within, place, n = (now.window, found.place - len(first), len(second))
    return within.since + place / n * (within.until - within.since)
