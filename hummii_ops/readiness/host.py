"""Could a run begin on this host now: its tools and account, who is at work, room on its disks, today's files. Pure.

Never says what a rollback to one release needs: that is `releases`.
"""

from __future__ import annotations

from collections.abc import Iterator

from hummii_ops.errors import Busy, Refused
from hummii_ops.facts.amounts import size
from hummii_ops.facts.restore_points.bare import judge_needs, known_names
from hummii_ops.facts.restore_points.compose_text import Unparsable, parse_compose
from hummii_ops.facts.snapshot import DiskFact, Snapshot
from hummii_ops.inventory.limits import Limits
from hummii_ops.plans.forward import ROOM_BYTES
from hummii_ops.readiness.line import Line, green, red, yellow
from hummii_ops.run import preflight


def lines(snapshot: Snapshot, limits: Limits) -> Iterator[Line]:
    """What every run would be asked before it begins."""
    yield from _may_begin(snapshot)
    for disk in snapshot.disks:
        yield _disk(disk, snapshot.host_name, limits)
    yield _todays_files(snapshot)


def _may_begin(snapshot: Snapshot) -> Iterator[Line]:
    """The preflight of a run, as two lines: what the host has, and who is at work on it."""
    tools, free = "fab status", f"cat {snapshot.project_dir.path}/.hummii-ops/lease"
    have = f"docker {snapshot.engine.server_version}, compose {snapshot.engine.compose_version}, and what a run calls"
    try:
        preflight.check(snapshot)
    except Busy as error:
        yield green("host.tools", have, source=tools)
        yield yellow("lease", error.what, error.remedy, source=free)
    except Refused as error:
        if error.run_id is None:
            yield red("host.tools", error.what, error.remedy, source=tools)
        else:
            yield green("host.tools", have, source=tools)
            yield red("lease", error.what, error.remedy, source=free)
    else:
        yield green("host.tools", have, source=tools)
        yield green("lease", "nobody is at work, and no run is unfinished", source=free)


def _disk(disk: DiskFact, host: str, limits: Limits) -> Line:
    used = 100 * (1 - disk.free_bytes / disk.total_bytes) if disk.total_bytes else 100.0
    name, source = f"disk.{disk.path}", f"df -h -- {disk.path}"
    numbers = {"value": round(used, 1), "unit": "%", "limit": limits.disk_percent}
    todo = f"on {host}: du -xh -- {disk.path} | sort -h | tail; docker builder prune; never docker image prune -a"
    if disk.free_bytes < ROOM_BYTES:
        reason = f"{size(disk.free_bytes)} free: a rollback wants {size(ROOM_BYTES)}, and would be refused"
        return red(name, reason, todo, source=source, **numbers)
    if disk.total_inodes and 100 * (1 - disk.free_inodes / disk.total_inodes) > limits.inodes_percent:
        reason = f"{disk.free_inodes} inodes free of {disk.total_inodes}"
        return red(name, reason, todo, source=f"df -i -- {disk.path}", **numbers)
    if used > limits.disk_percent:
        return red(name, f"{size(disk.free_bytes)} free of {size(disk.total_bytes)}", todo, source=source, **numbers)
    return green(name, f"{size(disk.free_bytes)} free of {size(disk.total_bytes)}", source=source, **numbers)


def _todays_files(snapshot: Snapshot) -> Line:
    """What a way back would need again: today's compose file, with every variable and file that it names."""
    path, name = snapshot.compose.path, "files"
    source = f"docker compose -f {path} config -q"
    try:
        compose = parse_compose(snapshot.compose.content or "")
    except Unparsable as error:
        return red(name, f"{path}: {error}", f"mend {path} on {snapshot.host_name}", source=source)
    missing = sorted(set(compose.needs) - known_names(snapshot))
    if missing:
        named = ", ".join(missing)
        reason = f"{path} names {named}, which no env file sets: what is made anew from it would lack it"
        return red(name, reason, f"set {named} in .env on {snapshot.host_name}", source=source)
    needs = judge_needs(compose, snapshot, recorded={})
    if needs.reasons:
        return red(name, "; ".join(needs.reasons), f"bring it back on {snapshot.host_name}: {path}", source=source)
    if snapshot.compose.config_error:
        return red(name, snapshot.compose.config_error, f"mend {path} on {snapshot.host_name}", source=source)
    return green(name, f"{path} and what it names are there, and Compose takes it", source=source)
