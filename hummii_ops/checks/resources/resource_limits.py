"""What the host and each container use, against limits. A full disk breaks the verdict; a busy CPU is only shown.

Never says "well" of what the host does not tell: that is skipped, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from hummii_ops.checks.at_most import at_most, not_judged, unseen
from hummii_ops.checks.mask import shown
from hummii_ops.checks.resources import resources
from hummii_ops.checks.resources.resources import Resources
from hummii_ops.checks.verdict import Measurement
from hummii_ops.errors import Unreachable
from hummii_ops.facts.snapshot import DiskFact, Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.inventory.limits import Limits
from hummii_ops.transport import LinkLost, Transport

_CPU_PRESSURE = 50  # some task waits for a core half of the time: usual under load, and no harm yet


def measure(transport: Transport, snapshot: Snapshot, environment: Environment) -> tuple[Measurement, ...]:
    """One look at the host, in one call; disks come from the snapshot."""
    return look(transport, snapshot, environment)[1]


def look(
    transport: Transport, snapshot: Snapshot, environment: Environment
) -> tuple[Resources | None, tuple[Measurement, ...]]:
    """The same, with what was seen; None where nothing could be."""
    limits = environment.limits
    disks = tuple(_disks(snapshot, limits))
    try:
        found = resources.read(transport, snapshot, version_service=environment.version_service)
    except (LinkLost, Unreachable):
        reason = "could not look: the link was lost or the answer was cut"
        return None, (*disks, unseen("host", reason, source="docker stats; cat /proc/stat", critical=False))
    return found, (*disks, *judge(snapshot, found, limits))


def judge(snapshot: Snapshot, found: Resources, limits: Limits) -> Iterator[Measurement]:
    """Every measurement but the disks."""
    yield from _containers(snapshot, found, limits)
    yield from _killed(snapshot, found)
    yield from _host(found, limits)
    yield from _pressure(found, limits)


def _containers(snapshot: Snapshot, found: Resources, limits: Limits) -> Iterator[Measurement]:
    """`cpu.<service>` and `memory.<service>`, the sum and the fullest of its replicas."""
    if found.trouble:
        yield unseen("cpu", f"docker stats did not answer: {found.trouble}", source="docker stats", critical=False)
        return
    for name in sorted({one.service for one in snapshot.containers if one.is_up and not one.one_off}):
        own = [one for one in snapshot.service(name) if one.is_up]
        seen = [found.used[one.id] for one in own if one.id in found.used]
        source = f"docker stats --no-stream {' '.join(one.name for one in own)}"
        if not seen:
            yield not_judged(f"cpu.{name}", "docker stats left it out", source=source, critical=False)
            continue
        share = sum(one.cpu_percent for one in seen) / found.cores
        yield at_most(
            f"cpu.{name}",
            share,
            limits.cpu_percent,
            unit="% of all cores",
            reason=f"{share:.0f} % of {found.cores} cores",
            source=source,
            samples=len(seen),
            window_s=1,
            critical=False,
        )
        fullest = max(seen, key=lambda one: one.memory_percent)
        yield at_most(
            f"memory.{name}",
            fullest.memory_percent,
            limits.service_memory_percent,
            unit="%",
            reason=fullest.memory,
            source=source,
            samples=len(seen),
            critical=False,
        )


def _killed(snapshot: Snapshot, found: Resources) -> Iterator[Measurement]:
    """`oom` breaks the verdict: a killed worker lost its requests, also where its container stayed up."""
    if not found.kills:
        return
    names = {one.id: one.name for one in snapshot.containers}
    killed = {names.get(key, key[:12]): one.for_memory for key, one in found.kills.items() if one.for_memory}
    again = {names.get(key, key[:12]): one.restarts for key, one in found.kills.items() if one.restarts}
    for name, counts, nothing, source in (
        ("oom", killed, "nothing was killed for memory", "docker events --filter event=oom; oom_kill of its cgroup"),
        ("restarts", again, "no container has restarted", "docker inspect --format '{{.Name}} {{.RestartCount}}'"),
    ):
        yield at_most(
            name,
            sum(counts.values()),
            0,
            unit="times",
            reason=", ".join(f"{shown(one)}: {count}" for one, count in counts.items()) or nothing,
            source=source,
            samples=len(found.kills),
            critical=name == "oom",
        )


def _host(found: Resources, limits: Limits) -> Iterator[Measurement]:
    """The machine as a whole; `host.others` is what the stack's containers do not use."""
    others = None
    if found.busy_percent is not None and not found.trouble:
        others = max(found.busy_percent - sum(one.cpu_percent for one in found.used.values()) / found.cores, 0)
    load = None if found.load is None else found.load / found.cores
    for name, value, limit, unit, reason, source, window_s in (
        ("host.memory", found.memory_percent, limits.memory_percent, "%", "not available", "cat /proc/meminfo", None),
        ("host.load", load, limits.load_per_core, "by core", f"{found.cores} cores", "cat /proc/loadavg", 60),
        ("host.others", others, limits.cpu_percent, "% of all cores", "outside the stack", "cat /proc/stat", 2),
        ("host.steal", found.steal_percent, limits.steal_percent, "%", "taken by other machines", "cat /proc/stat", 2),
    ):
        if value is None:
            yield not_judged(name, "the host does not tell", source=source, critical=False)
        else:
            yield at_most(
                name, value, limit, unit=unit, reason=reason, source=source, window_s=window_s, critical=False
            )


def _pressure(found: Resources, limits: Limits) -> Iterator[Measurement]:
    """PSI. For CPU it is `some` over a minute, since `full` means nothing there; else `full`, when nobody gets on."""
    for what, kind, place in (("cpu", "some", 1), ("memory", "full", 0), ("io", "full", 0)):
        source = f"cat /proc/pressure/{what}"
        averages = found.pressure.get((what, kind))
        if averages is None:
            yield not_judged(f"pressure.{what}", "this kernel does not tell", source=source, critical=False)
            continue
        limit = limits.pressure_percent if what != "cpu" else max(limits.pressure_percent, _CPU_PRESSURE)
        yield at_most(
            f"pressure.{what}",
            averages[place],
            limit,
            unit="%",
            reason=f"{kind}: {averages[0]:g} % of the last 10 s, {averages[1]:g} % of the last 60 s",
            source=source,
            window_s=60 if place else 10,
            critical=False,
        )


def _disks(snapshot: Snapshot, limits: Limits) -> Iterator[Measurement]:
    """`disk.project` and `disk.docker`, and `inodes` of both; one that holds both is told once."""
    told = set()
    for one in snapshot.disks:
        if one.device not in told:
            told.add(one.device)
            paths = [other.path for other in snapshot.disks if other.device == one.device]
            place = "project" if snapshot.project_dir.path in paths else "docker"
            yield from _disk(one, place, " and ".join(paths), limits)


def _disk(one: DiskFact, place: str, paths: str, limits: Limits) -> Iterator[Measurement]:
    for name, total, free, limit, left, command in (
        ("disk", one.total_bytes, one.free_bytes, limits.disk_percent, f"{one.free_bytes / 1e9:.1f} GB", "df -B1"),
        ("inodes", one.total_inodes, one.free_inodes, limits.inodes_percent, f"{one.free_inodes}", "df -i"),
    ):
        if total > 0:
            used = 100 * (1 - free / total)
            reason, source = f"{left} left for {paths}", f"{command} {one.path}"
            yield at_most(f"{name}.{place}", used, limit, unit="%", reason=reason, source=source)
