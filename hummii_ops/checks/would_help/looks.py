"""Looks at a host and its database, turned into evidence. Pure.

Never calls a statement new where no earlier look knows which there were.
"""

from __future__ import annotations

from collections.abc import Mapping

from hummii_ops.checks import database_load
from hummii_ops.checks.baseline import Baseline
from hummii_ops.checks.mask import shown
from hummii_ops.checks.resources import Resources
from hummii_ops.checks.would_help.evidence import DatabaseLoad, HostLoad
from hummii_ops.facts.snapshot import Snapshot

_LEAST_TOTAL_MS = 50.0  # less, in the few seconds of two looks, is no work to take shares of
_BY_HAND = ("psql", "pgadmin", "dbeaver", "datagrip", "pg_dump", "tableplus")  # no session of a stack is named so


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
