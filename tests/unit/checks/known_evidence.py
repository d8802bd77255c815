"""Evidence for the rows of the table: what is known of a release that was made worse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hummii_ops.checks.would_help import (
    DatabaseLoad,
    Dependency,
    Evidence,
    HealthSeen,
    HostLoad,
    Load,
    Previous,
    Series,
    ServiceState,
    advise,
)

BEGAN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

MINUTE = timedelta(minutes=1)


def times(median: float, n: int = 60, seed: int = 1, spread: float = 0.2) -> tuple[float, ...]:
    chance = Random(seed)
    return tuple(median * chance.lognormvariate(0, spread) for _ in range(n))


def series(before: float = 100, after: float = 300, n: int = 60, **otherwise: Any) -> Series:
    """Orders, three times as slow as before, and over their limit."""
    one = Series(name="orders", unit="ms", before=times(before), after=times(after, n, 2), limit=250)
    return replace(one, **otherwise)


def service(name: str = "api", **otherwise: Any) -> ServiceState:
    return replace(ServiceState(name=name, replicas=1, up=1, changed=name == "api"), **otherwise)


GOOD = Previous(version="1.0", healthy=True)

QUIET = HostLoad(cpu_some=1, memory_full=0, io_full=0, steal=0, disk_used=40, inodes_used=5)

CALM = DatabaseLoad(blocked=0, connections=5, max_connections=100, new_share=0.02)


def confirmed(**otherwise: Any) -> Evidence:
    """All was looked at: worse since the release, over the limit, and everything else is well."""
    one = Evidence(
        now=BEGAN + 20 * MINUTE,
        version="1.3",
        began_at=BEGAN,
        ended_at=BEGAN + MINUTE,
        database_service="postgres",
        services=(service(), service("postgres"), service("nginx")),
        health=HealthSeen(ok=True, said="HTTP 200"),
        previous=GOOD,
        metrics=(series(),),
        load=Load(rate_before=10, rate_now=10, cost_before=5, cost_now=15),
        host=QUIET,
        database=CALM,
        dependencies=(Dependency(name="payments", answers=True, before_ms=80, now_ms=82),),
        migrations="safe",
        onset_at=BEGAN + 2 * MINUTE,
        other_changes=(),
    )
    return replace(one, **otherwise)


def down(**otherwise: Any) -> Evidence:
    """The api loops; nothing was measured, as today's one read of a host has it."""
    ill = service(looping=True, restarts=9)
    one = Evidence(services=(ill, service("postgres")), database_service="postgres", previous=GOOD, migrations="safe")
    return replace(one, **otherwise)


def said(seen: Evidence) -> tuple[str, str, int | None]:
    found = advise(seen)
    return found.helps, found.code, found.row


BLOCKED = DatabaseLoad(blocked=4, longest_wait_s=30, blocker="psql of admin", new_share=0.0)

NEW_QUERY = DatabaseLoad(slowest_statement_ms=2100, new_share=0.9, new_statement="SELECT … FROM orders")

BUSY = HostLoad(cpu_some=80, outside_cpu=70, api_cpu_before=10, api_cpu_now=10)

SLOW = Dependency(name="payments", answers=True, before_ms=80, now_ms=900, own_before_ms=20, own_now_ms=21)


def after(median: float, **otherwise: Any) -> Evidence:
    """Looked at again, after the rollback: `after` is the time since then."""
    return confirmed(metrics=(series(after=median),), **otherwise)
