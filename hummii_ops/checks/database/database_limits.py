"""What PostgreSQL is doing, against limits. Who is kept waiting, and connections that run out, break the verdict.

Never calls a database well that did not answer, nor statements quick that nobody counts. Pure, but for `measure`.
"""

from __future__ import annotations

from collections.abc import Iterator

from hummii_ops.checks.at_most import at_most, not_judged, unseen
from hummii_ops.checks.database import database_load
from hummii_ops.checks.database.database_load import Load, Row, grown, seconds
from hummii_ops.checks.database.statement_limits import called, scans
from hummii_ops.checks.mask import shown
from hummii_ops.checks.verdict import Measurement
from hummii_ops.errors import Unreachable
from hummii_ops.inventory import Environment
from hummii_ops.inventory.limits import Limits
from hummii_ops.transport import LinkLost, Transport

_ACTIVITY = "SELECT * FROM pg_stat_activity"
_BLOCKED = "SELECT pid, pg_blocking_pids(pid), query FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
_TOLD = 3


def measure(transport: Transport, environment: Environment) -> tuple[Measurement, ...]:
    """`database.*`: two looks some seconds apart, in one call."""
    return look(transport, environment)[1]


def look(transport: Transport, environment: Environment) -> tuple[Load | None, tuple[Measurement, ...]]:
    """The same, with what was seen; None where nothing could be."""
    if environment.database is None:
        return None, (not_judged("database.load", "the inventory names no database", source=_ACTIVITY),)
    try:
        load = database_load.read(transport, environment, environment.database)
    except (LinkLost, Unreachable):
        reason = "could not look: the link was lost or the answer was cut"
        return None, (unseen("database.load", reason, source=_ACTIVITY),)
    if load.absent:
        return None, (unseen("database.load", "PostgreSQL's container does not run", source="docker ps"),)
    if trouble := load.before.trouble or load.after.trouble:
        return None, (unseen("database.load", f"PostgreSQL did not tell: {trouble}", source=_ACTIVITY),)
    return load, tuple(judge(load, environment.limits))


def judge(load: Load, limits: Limits) -> Iterator[Measurement]:
    """Of states the second look counts; of counters what they grew between the two."""
    yield _connections(load, limits)
    yield _blocked(load, limits)
    yield from _open(load, limits)
    yield _waits(load)
    yield _deadlocks(load)
    yield called(load, limits)
    yield scans(load)


def _connections(load: Load, limits: Limits) -> Measurement:
    row = load.after.one("connections")
    used, most = int(row.get("used", 0)), max(int(row.get("most", 1)), 1)
    return at_most(
        "database.connections",
        100 * used / most,
        limits.connections_percent,
        unit="%",
        reason=f"{used} of {most} (max_connections, less those for superusers)",
        source="SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'; SHOW max_connections",
        samples=used,
    )


def _blocked(load: Load, limits: Limits) -> Measurement:
    rows = sorted(load.after.all("blocked"), key=lambda row: -seconds(row, "waits_s"))
    waiting = {row["pid"]: row for row in reversed(rows)}
    longest = seconds(rows[0], "waits_s") if rows else 0.0
    reason = f"{len(waiting)} wait for a lock: {_chain(rows, set(waiting))}" if rows else "nobody waits for a lock"
    return at_most(
        "database.blocked", longest, limits.blocked_s, unit="s", reason=reason, source=_BLOCKED, samples=len(waiting)
    )


def _chain(rows: list[Row], waiting: set[int]) -> str:
    """Who has what the others wait for: those who hold, and do not wait themselves, first."""
    holders = {row["by"]: row for row in sorted(rows, key=lambda row: row["by"] in waiting, reverse=True)}
    told = [
        f"pid {pid} ({shown(str(row['by_user']))}, {shown(str(row['by_application'])) or 'no name'}, "
        f"{row['by_state']}, in its transaction for {seconds(row, 'by_age_s'):.0f} s) holds it: "
        f"{shown(str(row['by_query']), most=120)}"
        for pid, row in reversed(holders.items())
        if pid not in waiting
    ]
    return "; ".join(told[:_TOLD]) or "they wait for each other"


def _open(load: Load, limits: Limits) -> Iterator[Measurement]:
    """`database.transactions` and `database.idle`: a transaction that stays open keeps rows from being cleaned up."""
    rows = load.after.all("transaction")
    idle = [row for row in rows if str(row["state"]).startswith("idle in transaction")]
    for name, found, key, limit, words in (
        ("database.transactions", rows, "age_s", limits.transaction_s, "open"),
        ("database.idle", idle, "state_s", limits.idle_in_transaction_s, "idle in a transaction"),
    ):
        longest = max(found, key=lambda row: seconds(row, key), default=None)
        reason = f"none is {words}"
        if longest is not None:
            reason = (
                f"the longest of {len(found)} {words}: pid {longest['pid']} ({shown(str(longest['user']))}, "
                f"{shown(str(longest['application'])) or 'no name'}): {shown(str(longest['query']), most=120)}"
            )
        yield at_most(
            name,
            seconds(longest, key) if longest else 0,
            limit,
            unit="s",
            reason=reason,
            source=f"{_ACTIVITY} WHERE xact_start IS NOT NULL",
            samples=len(found),
            critical=False,
        )


def _waits(load: Load) -> Measurement:
    """Nothing to judge: what the sessions do, for the one who looks for a cause."""
    rows = load.after.all("state")
    unseen_by_us = sum(int(row["n"]) for row in rows if row["state"] is None)
    told = ", ".join(f"{row['n']} {row['state']} ({row['wait'] or 'at work'})" for row in rows if row["state"])
    hidden = f"; {unseen_by_us} of other roles are not shown to us" if unseen_by_us else ""
    active = sum(int(row["n"]) for row in rows if row["state"] == "active")
    return Measurement(
        name="database.waits",
        verdict="pass",
        value=active,
        unit="active",
        reason=(told or "no other session") + hidden,
        source="SELECT state, wait_event_type, count(*) FROM pg_stat_activity GROUP BY 1, 2",
        samples=sum(int(row["n"]) for row in rows),
        critical=False,
    )


def _deadlocks(load: Load) -> Measurement:
    told = f"{grown(load, 'counters', 'commits')} commits, {grown(load, 'counters', 'rollbacks')} rollbacks"
    return at_most(
        "database.deadlocks",
        grown(load, "counters", "deadlocks"),
        0,
        unit="times",
        reason=f"{told}, {grown(load, 'counters', 'temp_bytes') / 1e6:.0f} MB of temporary files",
        source="SELECT * FROM pg_stat_database, twice",
        samples=2,
        window_s=round(load.window_s, 1),
        critical=False,
    )
