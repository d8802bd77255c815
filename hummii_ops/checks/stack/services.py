"""Are the services of the stack up, healthy and stable? Pure: judges two reads of a host, some seconds apart.

Never takes one good look for stability: what changed between the two reads is not stable.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import timedelta

from hummii_ops.checks.mask import shown
from hummii_ops.checks.verdict import SKIPPED, Judged, Measurement, worst
from hummii_ops.facts.restore_points.compose_text import Unparsable, parse_compose
from hummii_ops.facts.snapshot import ContainerFact, Snapshot

# A loop may be slower than two reads are apart; Docker itself waits up to a minute between two starts, so
# a restart within the last five says that the service has not shown yet that it stays up.
CRASH_WINDOW = timedelta(minutes=5)


def measure(first: Snapshot, second: Snapshot) -> tuple[Measurement, ...]:
    """`docker` alone if it does not answer; else `services`, and `service.<name>` for each."""
    for snapshot in (first, second):
        if not snapshot.engine.answers:
            return (_no_docker(snapshot),)
    return (_complete(second), *_each(first, second))


def lost() -> Measurement:
    """`services` when the second look never came: the link went between the two."""
    reason = "could not look a second time: the link to the host was lost"
    return Measurement(name="services", verdict="error", reason=reason, source="docker ps -a")


def _no_docker(snapshot: Snapshot) -> Measurement:
    """Docker down is production ill; an account that may not ask it could not look."""
    said = shown(snapshot.engine.error or "no version")
    refused = "permission denied" in said.lower()
    return Measurement(
        name="docker",
        verdict="error" if refused else "fail",
        value="refused" if refused else "no answer",
        reason=f"this account may not ask docker: {said}" if refused else f"docker does not answer: {said}",
        source="docker version",
    )


def _complete(snapshot: Snapshot) -> Measurement:
    """Has every service of the compose file on disk a container?"""
    source = f"docker compose -p {snapshot.project} -f {shlex.quote(_compose_path(snapshot))} config --services"
    hashes = snapshot.compose.config_hashes
    if hashes is None:
        why = shown(snapshot.compose.config_error or snapshot.engine.compose_error or "it is not there")
        reason = f"which services there should be is unknown: {snapshot.compose.path} cannot be used: {why}"
        return Measurement(name="services", verdict="error", reason=reason, source=source)
    wanted = set(hashes) - _optional(snapshot)
    missing = sorted(wanted - _present(snapshot))
    value = f"{len(wanted) - len(missing)} of {len(wanted)}"
    reason = f"no container for {', '.join(missing)}" if missing else "each in the compose file has a container"
    return Measurement(
        name="services", verdict="fail" if missing else "pass", value=value, reason=reason, source=source
    )


def _each(first: Snapshot, second: Snapshot) -> Iterator[Measurement]:
    apart_s = round(max((second.read_at - first.read_at).total_seconds(), 0), 1)
    wanted = second.compose.config_hashes
    for name in sorted(_present(first) | _present(second)):
        source = (
            f"docker ps -a --filter label=com.docker.compose.project={second.project} "
            f"--filter label=com.docker.compose.service={name}, then docker inspect; twice, {apart_s:g} s apart"
        )
        replicas = second.service(name)
        if wanted is not None and name not in wanted and not any(one.is_up for one in replicas):
            reason = "stopped, and not in the compose file on disk"
            yield Measurement(name=f"service.{name}", verdict=SKIPPED, reason=reason, source=source)
            continue
        yield _service(name, first.service(name), second, source, apart_s)


def _service(
    name: str, before: tuple[ContainerFact, ...], second: Snapshot, source: str, apart_s: float
) -> Measurement:
    replicas = second.service(name)
    earlier = {one.id: one for one in before}
    looks = [_replica(one, earlier.get(one.id), second) for one in replicas]
    looks += [("fail", f"{shown(one.name)} is gone") for one in before if one.id not in {r.id for r in replicas}]
    verdict = worst(Measurement(name=name, verdict=said, reason=why, source=source) for said, why in looks)
    reasons = dict.fromkeys(why for said, why in looks if said == verdict)
    return Measurement(
        name=f"service.{name}",
        verdict=verdict,
        value=f"{sum(said == 'pass' for said, _ in looks)} of {len(looks)}",
        reason="; ".join(reasons),
        source=source,
        window_s=apart_s,
        samples=2,
    )


def _replica(one: ContainerFact, before: ContainerFact | None, second: Snapshot) -> tuple[Judged, str]:
    """One container; the first thing that is wrong with it."""
    name = shown(one.name)
    if one.oom_killed or (before is not None and before.oom_killed):
        return "fail", f"{name} was killed for memory"
    if one.ended_well:
        return "pass", "ended with 0, as a one-shot service does"
    if one.status == "exited":
        return "fail", f"{name} has exited with code {one.exit_code}"
    if one.status != "running":
        return "fail", f"{name} is {one.status}"
    if before is None:
        return "fail", f"{name} is new since the first look: something is replacing it"
    if one.restart_count > before.restart_count or one.started_at != before.started_at:
        return "fail", f"{name} started again between the two looks ({one.restart_count} restarts)"
    if before.status != "running":
        return "fail", f"{name} was {before.status} a moment ago"
    if one.health == "starting":
        return "inconclusive", f"{name} is still starting; ask again in {_health_budget_s(one):.0f} s"
    if one.health not in (None, "healthy"):
        return "fail", f"{name} is {shown(one.health or '')}"
    up = second.read_at - one.started_at if one.started_at else None
    if one.restart_count and up is not None and up < CRASH_WINDOW:
        left_s = (CRASH_WINDOW - up).total_seconds()
        return "inconclusive", (
            f"{name} restarted {one.restart_count} times, last {up.total_seconds():.0f} s ago; "
            f"it has shown that it stays up in {left_s:.0f} s"
        )
    return "pass", "running, healthy, stable" if one.health else "running, stable; it has no healthcheck"


def _health_budget_s(one: ContainerFact) -> float:
    """How long Docker may take to say healthy or unhealthy."""
    check = one.healthcheck
    return check.start_period_s + (check.interval_s + check.timeout_s) * (check.retries + 1) if check else 30


def _present(snapshot: Snapshot) -> set[str]:
    return {one.service for one in snapshot.containers if not one.one_off}


def _optional(snapshot: Snapshot) -> set[str]:
    """Services that `up` alone does not start: behind a profile, or scaled to 0."""
    try:
        compose = parse_compose(snapshot.compose.content or "")
    except Unparsable:
        return set()
    return {one.name for one in compose.services if one.optional}


def _compose_path(snapshot: Snapshot) -> str:
    return f"{snapshot.project_dir.path}/{snapshot.compose.path}"
