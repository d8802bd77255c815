"""What may be wrong, each in words or None: the questions that several rows of the table ask. Pure.

Thresholds: the table's own (PSI full 10 %, steal 5 %, disk 95 %, load 1.5 ×); the others say where they come from.
"""

from __future__ import annotations

from datetime import timedelta

from hummii_ops.checks.would_help.evidence import DatabaseLoad, Evidence, HostLoad, OtherChange

LEAST_RATIO = 1.25  # as in statistics: less is "flat"
_MOST_FULL, _MOST_STEAL, _MOST_DISK = 10.0, 5.0, 95.0
_STACKS_OWN = 25.0
_MOST_CPU_SOME, _OUTSIDE_CPU = 25.0, 50.0  # some task waits for a core, and strangers have half of them
_LONG_WAIT_S, _LONG_IDLE_S, _MOST_CONNECTIONS = 5.0, 60.0, 0.9  # longer than a deadlock takes to be found
_SLOW_STATEMENT_MS = 1000.0
_LEAST_MS = 20.0  # a smaller difference is nobody's trouble, whatever its ratio
_NEW_SHARE, _MORE_SCANS, _MORE_CALLS = 0.25, 2.0, 1.5
_BEFORE, _AFTER = timedelta(minutes=1), timedelta(minutes=10)  # an onset in between is the event's
EARLIER = timedelta(minutes=15)


def illness(seen: Evidence) -> str | None:
    """The api does not serve: its containers, or its health."""
    api = next((one for one in seen.services or () if one.name == seen.api), None)
    if seen.services is not None and api is None:
        return f"{seen.api} has no container"
    wrong = api.ill() if api else None
    if wrong is None and api and api.starting:
        return None  # its health comes when it has started
    return wrong or (f"health: {seen.health.said}" if seen.health and not seen.health.ok else None)


def others_down(seen: Evidence) -> tuple[tuple[str, str], ...]:
    """(name, what is wrong) of services that the release did not change: no rollback brings them back."""
    others = (one for one in seen.services or () if one.name != seen.api and one.changed is False)
    return tuple((one.name, wrong) for one in others if (wrong := one.ill()))


def degraded(seen: Evidence) -> bool:
    """S and E of some metric."""
    return any(one.degraded for one in seen.gates)


def breached(seen: Evidence) -> bool:
    return any(one.breached for one in seen.gates)


def coincides(seen: Evidence) -> bool | None:
    """Did it become worse with the release?"""
    if seen.onset_at is None or seen.began_at is None:
        return None
    return seen.began_at - _BEFORE <= seen.onset_at <= (seen.ended_at or seen.began_at) + _AFTER


def other_change(seen: Evidence) -> OtherChange | None:
    """Another recorded change with which it became worse."""
    if seen.onset_at is None:
        return None
    near = (one for one in seen.other_changes or () if one.at - _BEFORE <= seen.onset_at <= one.at + _AFTER)
    return next(near, None)


def host_saturated(host: HostLoad) -> tuple[str, ...]:
    """Whoever does it."""
    asked = (
        ("CPU full", host.cpu_full, _MOST_FULL),
        ("memory full", host.memory_full, _MOST_FULL),
        ("disk full pressure", host.io_full, _MOST_FULL),
        ("CPU some", host.cpu_some, _MOST_CPU_SOME),
        ("steal", host.steal, _MOST_STEAL),
        ("disk used", host.disk_used, _MOST_DISK),
        ("inodes used", host.inodes_used, _MOST_DISK),
    )
    return tuple(f"{name} {value:.0f} %" for name, value, most in asked if value is not None and value > most)


def host_is_well(host: HostLoad) -> bool:
    """Not saturated, or by the api itself: it takes more than before, or CPU is short and no stranger takes it."""
    if host_cause(host) is not None:
        return False
    found = host_saturated(host)
    if all(one.startswith("CPU") for one in found) and _of_the_stack(host):
        return True
    return not found or _rose(host.api_cpu_before, host.api_cpu_now, LEAST_RATIO)


def _of_the_stack(host: HostLoad) -> bool:
    return host.outside_cpu is not None and host.outside_cpu < _STACKS_OWN


def host_cause(host: HostLoad) -> str | None:
    """Saturated by something outside our containers: by its nature, or while the api takes no more than before."""
    found = host_saturated(host)
    outright = [one for one in found if one.startswith(("steal", "disk used", "inodes used"))]
    outright += [host.broken] if host.broken else []
    if outright:
        return ", ".join(outright)
    if not found:
        return None
    if all(one.startswith("CPU") for one in found) and _of_the_stack(host):
        return None  # another of its containers takes it: the api's own share says nothing
    outside = host.outside_cpu is not None and host.outside_cpu > _OUTSIDE_CPU
    return ", ".join(found) if outside or _flat(host.api_cpu_before, host.api_cpu_now) else None


def database_bottleneck(base: DatabaseLoad) -> tuple[str, ...]:
    """What sessions wait for, or spend their time on."""
    found = []
    if (base.longest_wait_s or 0) >= _LONG_WAIT_S:
        by = f" for {base.blocker}" if base.blocker else ""
        found.append(f"{base.blocked or 1} blocked, the longest {base.longest_wait_s:.0f} s{by}")
    if (base.idle_in_transaction_s or 0) >= _LONG_IDLE_S:
        found.append(f"idle in transaction for {base.idle_in_transaction_s:.0f} s")
    if base.connections and base.max_connections and base.connections >= _MOST_CONNECTIONS * base.max_connections:
        found.append(f"{base.connections} of {base.max_connections} connections")
    if _rose(base.time_per_request_before_ms, base.time_per_request_now_ms, LEAST_RATIO, least=_LEAST_MS):
        found.append(f"{base.time_per_request_before_ms:.3g} → {base.time_per_request_now_ms:.3g} ms by request")
    if (base.slowest_statement_ms or 0) >= _SLOW_STATEMENT_MS:
        found.append(f"a statement takes {base.slowest_statement_ms:.0f} ms")
    return tuple(found)


def new_in_database(base: DatabaseLoad) -> tuple[str, ...]:
    """What the statements do otherwise since the release."""
    found = []
    if (base.new_share or 0) >= _NEW_SHARE:
        found.append(f"new statements take {base.new_share:.0%} of the time {base.new_statement}".rstrip())
    if _rose(base.scans_per_request_before, base.scans_per_request_now, _MORE_SCANS):
        found.append(
            f"whole-table scans by request {base.scans_per_request_before:.3g} → {base.scans_per_request_now:.3g}"
        )
    if _rose(base.calls_per_request_before, base.calls_per_request_now, _MORE_CALLS):
        found.append(f"statements by request {base.calls_per_request_before:.3g} → {base.calls_per_request_now:.3g}")
    return tuple(found)


def slow_by_itself(base: DatabaseLoad | None) -> bool:
    """A statement of the release is so slow that no busy host makes it so."""
    return (
        base is not None and (base.new_share or 0) >= _NEW_SHARE and (base.new_statement_ms or 0) >= _SLOW_STATEMENT_MS
    )


def same_statements(base: DatabaseLoad) -> bool | None:
    """Do the same statements as before take the time? None: not known."""
    if new_in_database(base):
        return False
    return None if base.new_share is None else True


def slow_dependencies(seen: Evidence) -> tuple[str, ...]:
    """Those that do not answer; where users feel something, those that took longer while our own part did not."""
    felt, found = degraded(seen) or breached(seen), []
    for one in seen.dependencies or ():
        if not one.answers:
            found.append(f"{one.name} does not answer")
        elif (
            felt
            and _rose(one.before_ms, one.now_ms, LEAST_RATIO, least=_LEAST_MS)
            and _flat(one.own_before_ms, one.own_now_ms, least=_LEAST_MS)
        ):
            found.append(f"{one.name} {one.before_ms:.0f} → {one.now_ms:.0f} ms, our own part is flat")
    return tuple(found)


def schema_note(seen: Evidence) -> str:
    """What to say beside advice to bring back older code."""
    if seen.migrations == "safe" or "migrations" in seen.absent:
        return ""
    return "; whether the older code can serve the schema is not known"


def load_rose(seen: Evidence, times: float = 1.5) -> bool:
    """More requests, each for the same cost."""
    load = seen.load
    return load is not None and _rose(load.rate_before, load.rate_now, times) and _flat(load.cost_before, load.cost_now)


def _rose(before: float | None, now: float | None, times: float, *, least: float = 0.0) -> bool:
    return before is not None and now is not None and now > 0 and now >= times * before and now - before >= least


def host_explains(seen: Evidence) -> str | None:
    """What of the host explains the illness. Too little CPU makes requests slow; that they began to fail with a
    release, or that a flow of ours fails, is not of its doing.
    """
    if seen.host is None or _only_slows(seen, seen.host):
        return None
    fails = any(one.startswith("flow.") for one in seen.failing)
    return None if fails and _is_short_of_cpu(seen.host) else host_cause(seen.host)


def host_is_out(seen: Evidence) -> bool:
    """Is the host known not to be the cause?"""
    return seen.host is not None and (host_is_well(seen.host) or _only_slows(seen, seen.host))


def _only_slows(seen: Evidence, host: HostLoad) -> bool:
    return seen.fails_since_release and _is_short_of_cpu(host)


def _is_short_of_cpu(host: HostLoad) -> bool:
    """And of nothing else."""
    return not host.broken and all(one.startswith("CPU") for one in host_saturated(host))


def _flat(before: float | None, now: float | None, *, least: float = 0.0) -> bool:
    """Known, and not larger by what would matter."""
    return before is not None and now is not None and not _rose(before, now, LEAST_RATIO, least=least)
