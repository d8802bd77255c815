"""What was called between two looks at PostgreSQL, and which tables were read whole. Advisory, all of it. Pure.

Never calls statements quick that nobody counts, nor a slow one that has not ended yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from hummii_ops.checks.at_most import at_most, not_judged
from hummii_ops.checks.database.database_load import Load, Statement, scanned, seconds, statements
from hummii_ops.checks.mask import shown
from hummii_ops.checks.verdict import Measurement
from hummii_ops.inventory.limits import Limits

_TOLD = 3


def called(load: Load, limits: Limits) -> Measurement:
    """`database.statements`: the slowest by its mean, or one that has not ended."""
    name, source = "database.statements", "SELECT queryid, calls, total_exec_time FROM pg_stat_statements, twice"
    found, required = statements(load), "statements" in limits.required
    if found is None:
        reason = "not measured: the database has no pg_stat_statements, or it was reset in between"
        return not_judged(name, reason, source=source, required=required, critical=False)
    mean_ms, reason = _slowest(found)
    running_ms, running = _running(load)
    if running_ms > mean_ms:
        mean_ms, reason = running_ms, running
    if not reason:
        reason = f"no statement was called in {load.window_s:.0f} s"
        return not_judged(name, reason, source=source, required=required, samples=0, critical=False)
    return at_most(
        name,
        mean_ms,
        limits.statement_ms,
        unit="ms",
        reason=reason,
        source=source,
        samples=sum(one.calls for one in found),
        window_s=round(load.window_s, 1),
        critical=False,
    )


def _slowest(found: Sequence[Statement]) -> tuple[float, str]:
    """By its mean; and which ones took the most time in all."""
    if not found:
        return 0, ""
    slowest = max(found, key=lambda one: one.mean_ms)
    costly = ", ".join(f"{one.query_id}: {one.calls} × {one.mean_ms:.1f} ms" for one in found[:_TOLD])
    return slowest.mean_ms, f"the slowest: {shown(slowest.query, most=120)}; the most time took {costly}"


def _running(load: Load) -> tuple[float, str]:
    """The longest that has not ended: pg_stat_statements counts a statement only when it has."""
    rows = [row for row in load.after.all("transaction") if row["state"] == "active"]
    longest = max(rows, key=lambda row: seconds(row, "state_s"), default=None)
    if longest is None:
        return 0, ""
    return 1000 * seconds(longest, "state_s"), (
        f"still runs, pid {longest['pid']}: {shown(str(longest['query']), most=120)}"
    )


def scans(load: Load) -> Measurement:
    """Nothing to judge by itself: an index that is missing since a release shows here."""
    rows = scanned(load)
    told = ", ".join(f"{shown(name)}: {count} rows" for name, count in list(rows.items())[:_TOLD])
    return Measurement(
        name="database.scans",
        verdict="pass",
        value=sum(rows.values()),
        unit="rows",
        reason=f"read by scans of whole tables: {told}" if told else "no whole table was read",
        source="SELECT relname, seq_scan, seq_tup_read FROM pg_stat_user_tables, twice",
        samples=len(rows),
        window_s=round(load.window_s, 1),
        critical=False,
    )
