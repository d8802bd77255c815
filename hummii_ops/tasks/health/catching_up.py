"""Asks a host for what happened while nobody looked: after a lost link, or a lid that was closed.

Never raises for what a host does: what could not be asked is said.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hummii_ops.checks.requests import access_log, user_requests
from hummii_ops.errors import Unreachable
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.scenarios.missed import Missed
from hummii_ops.transport import LinkLost, Transport


def missed(transport: Transport, snapshot: Snapshot, environment: Environment, since: datetime) -> Missed:
    """From `since` to the snapshot, by the host's clock: the gap is told a little late or early if ours differs."""
    began = {one.service for one in snapshot.containers if one.started_at and since < one.started_at}
    gap = Missed(
        host=snapshot.host_name,
        since=since,
        until=snapshot.read_at,
        errors_percent=environment.limits.errors_percent,
        began=tuple(sorted(began)),
    )
    window = user_requests.window(snapshot, environment)
    if isinstance(window, str):
        return replace(gap, why=window)
    if since >= snapshot.read_at:
        return replace(gap, why="the host's clock is behind ours")
    try:
        counted = access_log.read(transport, replace(window, since=since, until=snapshot.read_at), environment)
    except (LinkLost, Unreachable):
        return replace(gap, why="the link was lost while the log was read")
    if counted.trouble or (counted.kept_from and counted.kept_from > since):
        return replace(
            gap, why=counted.trouble or f"docker has kept the log from {counted.kept_from:%H:%M} UTC on only"
        )
    return replace(gap, requests=counted.n, failed=counted.failed)
