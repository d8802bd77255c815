"""Looks at a host and its database, turned into evidence. Pure.

Never calls a statement new where no earlier look knows which there were.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median

from hummii_ops.checks.compared.baseline import Baseline
from hummii_ops.checks.compared.work import Work
from hummii_ops.checks.database import database_load
from hummii_ops.checks.mask import shown
from hummii_ops.checks.requests.outside_services import Answered
from hummii_ops.checks.resources.resources import Resources
from hummii_ops.checks.would_help.evidence import DatabaseLoad, Dependency, HostLoad
from hummii_ops.facts.snapshot import Snapshot

_LEAST_TOTAL_MS = 50.0  # less, in the few seconds of two looks, is no work to take shares of
_JUST_BEFORE = timedelta(minutes=30)  # an older baseline has seen other work than the release's
_COSTLIEST = 3
_BY_HAND = ("psql", "pgadmin", "dbeaver", "datagrip", "pg_dump", "tableplus")  # no session of a stack is named so


def host_load(found: Resources, snapshot: Snapshot, api: str, before: Baseline | None = None) -> HostLoad:
    """CPU of docker stats is of one core; here all are of all cores."""
    then = before.samples.work if before else None
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
        api_cpu_before=then.api_cpu_ms / 10 / found.cores if then and then.api_cpu_ms is not None else None,
        api_cpu_now=sum(apis) / found.cores if apis else None,
    )


def in_database(
    load: database_load.Load, before: Baseline | None, *, began_at: datetime | None = None, now: Work | None = None
) -> DatabaseLoad:
    """Of states the second look; statements between the two, or since a baseline that was made just before the release.

    `now`: the work of these seconds, against that of the baseline.
    """
    waits = sorted(load.after.all("blocked"), key=lambda row: -float(row.get("waits_s") or 0))
    idle = [
        float(row.get("state_s") or 0)
        for row in load.after.all("transaction")
        if str(row.get("state", "")).startswith("idle in transaction")
    ]
    connections = load.after.one("connections")
    called = _since_the_release(load, before, began_at) or database_load.statements(load) or ()
    called = tuple(one for one in called if one.theirs)
    share, newest = _new(called, before)
    then = before.samples.work if before else None
    return DatabaseLoad(
        blocked=len({row["pid"] for row in waits}),
        longest_wait_s=float(waits[0].get("waits_s") or 0) if waits else None,
        blocker=_who(waits[0]) if waits else "",
        blocker_is_ours=_is_ours(waits[0]) if waits else None,
        idle_in_transaction_s=max(idle, default=None),
        connections=connections.get("used"),
        max_connections=connections.get("most"),
        slowest_statement_ms=max((one.mean_ms for one in called[:_COSTLIEST]), default=None),
        new_share=share,
        new_statement=shown(newest.query, most=80) if newest else "",
        new_statement_ms=newest.mean_ms if newest else None,
        time_per_request_before_ms=then.database_ms_each if then else None,
        time_per_request_now_ms=now.database_ms_each if now else None,
        scans_per_request_before=then.scans_each if then else None,
        scans_per_request_now=now.scans_each if now else None,
        calls_per_request_before=then.calls_each if then else None,
        calls_per_request_now=now.calls_each if now else None,
    )


def dependencies(
    found: Mapping[str, Answered] | None, responses: Mapping[str, tuple[float, ...]], before: Baseline | None
) -> tuple[Dependency, ...] | None:
    """What was asked outside, beside our own part: the slowest of our own endpoints, less what it may wait for."""
    if found is None:
        return None
    kept = before.samples if before else None
    own_then, own_now = _slowest(kept.responses if kept else {}), _slowest(responses)
    return tuple(
        _dependency(name, one, kept.dependencies.get(name) if kept else None, own_then, own_now)
        for name, one in found.items()
    )


def _slowest(responses: Mapping[str, tuple[float, ...]]) -> float | None:
    return max((median(times) for times in responses.values() if times), default=None)


def _dependency(
    name: str, one: Answered, then: float | None, own_then: float | None, own_now: float | None
) -> Dependency:
    """Whoever is quicker than they are did not wait for them."""
    waits = None not in (own_then, own_now, then, one.ms) and (own_now or 0) >= (one.ms or 0)
    return Dependency(
        name=name,
        answers=one.ms is not None,
        before_ms=then,
        now_ms=one.ms,
        own_before_ms=max((own_then or 0) - (then or 0), 0) if waits else own_then,
        own_now_ms=(own_now or 0) - (one.ms or 0) if waits else own_now,
    )


def _since_the_release(
    load: database_load.Load, before: Baseline | None, began_at: datetime | None
) -> tuple[database_load.Statement, ...] | None:
    """None where the baseline is older than the release by too much, or the counters are not those of then."""
    if before is None or began_at is None or before.at < began_at - _JUST_BEFORE or not before.samples.totals:
        return None
    if database_load.counted_since(load.after) != before.samples.counted_since:
        return None
    return database_load.since(load.after, before.samples.totals)


def _new(
    called: tuple[database_load.Statement, ...], before: Baseline | None
) -> tuple[float | None, database_load.Statement | None]:
    """The share of time of statements that the baseline did not see; None where there is none to compare with."""
    total = sum(one.total_ms for one in called)
    known = (before.samples.totals or before.samples.statements) if before else {}
    if not known or total < _LEAST_TOTAL_MS:
        return None, None
    new = [one for one in called if one.query_id not in known]
    return sum(one.total_ms for one in new) / total, new[0] if new else None


def _who(row: Mapping[str, object]) -> str:
    words = (row.get("by_user"), row.get("by_application"), row.get("by_state"))
    return shown(f"pid {row.get('by')} ({', '.join(str(one) for one in words if one)})", most=120)


def _is_ours(row: Mapping[str, object]) -> bool | None:
    """False for a program that people use; else it cannot be told."""
    return False if str(row.get("by_application") or "").lower().startswith(_BY_HAND) else None
