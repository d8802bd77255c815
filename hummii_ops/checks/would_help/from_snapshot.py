"""What one read of a host tells about the question: services, health, the release before, when it began. Pure.

Never calls a release healthy that nobody has proven, and never says that one is there where none can be chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from hummii_ops.checks.mask import shown
from hummii_ops.checks.stack import health
from hummii_ops.checks.stack.services import CRASH_WINDOW
from hummii_ops.checks.would_help.evidence import (
    Evidence,
    HealthSeen,
    HostLoad,
    OtherChange,
    Previous,
    Room,
    ServiceState,
)
from hummii_ops.errors import HummiiError
from hummii_ops.facts.release import Release
from hummii_ops.facts.restore_points.choose import choose_latest
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import ContainerFact, Snapshot
from hummii_ops.inventory import Environment

_LOOP = 3  # restarts, the last of them young: a single one is an accident
_ONE_DEPLOY = timedelta(minutes=10)  # what was made within is of the release itself
_NO_DEPENDENCIES: Final[frozenset[Room]] = frozenset({"dependencies"})
_NO_DATABASE: Final[frozenset[Room]] = frozenset({"database", "migrations"})
_PROVEN = {"good": True, "bad": False, "unknown": None}


def target_of(snapshot: Snapshot, environment: Environment) -> tuple[Release | None, Previous | None]:
    """What `fab rollback --latest` would bring back, and what is known of it; or why nothing."""
    if not snapshot.engine.answers:
        return None, None
    try:
        choice = choose_latest(releases(snapshot, environment), snapshot)
    except HummiiError as error:
        return None, Previous(why_none=shown(error.what.splitlines()[0]))
    chosen = choice.release
    return chosen, Previous(
        version=chosen.version or chosen.id,
        identity=chosen.identity,
        healthy=_PROVEN[chosen.goodness],
        directly=not choice.passed_over,
    )


def of_snapshot(
    snapshot: Snapshot, environment: Environment, target: Release | None, previous: Previous | None
) -> Evidence:
    """Everything that needs no further look; the last two are what `target_of` said."""
    made = [one.created_at for one in snapshot.service(environment.version_service)]
    answers = snapshot.engine.answers
    return Evidence(
        now=snapshot.read_at,
        version=health.running_version(snapshot, environment.version_service),
        began_at=min(made, default=None),
        ended_at=max(made, default=None),
        api=environment.version_service,
        database_service=environment.database.service if environment.database else None,
        services=tuple(_services(snapshot, target)) if answers else None,
        health=_health(snapshot),
        previous=previous,
        host=None if answers else HostLoad(broken=f"docker does not answer: {shown(snapshot.engine.error or '')}"),
        other_changes=tuple(_other_changes(snapshot, environment)) if answers else None,
        absent=_absent(environment),
    )


def _absent(environment: Environment) -> frozenset[Room]:
    """What the inventory does not name is not missing."""
    none: frozenset[Room] = frozenset()
    return (none if environment.dependencies else _NO_DEPENDENCIES) | (none if environment.database else _NO_DATABASE)


def _services(snapshot: Snapshot, target: Release | None) -> Iterator[ServiceState]:
    for name in sorted({one.service for one in snapshot.containers if not one.one_off}):
        replicas = snapshot.service(name)
        if all(one.ended_well for one in replicas):
            continue
        up = [one for one in replicas if one.status == "running"]
        yield ServiceState(
            name=name,
            replicas=len(replicas),
            up=len(up),
            unhealthy=sum(one.health == "unhealthy" for one in up),
            starting=sum(one.health == "starting" for one in up),
            restarts=sum(one.restart_count for one in replicas),
            oom_killed=any(one.oom_killed for one in replicas),
            looping=any(_loops(one, snapshot) for one in replicas),
            changed=_changed(replicas, target),
        )


def _loops(one: ContainerFact, snapshot: Snapshot) -> bool:
    young = one.started_at is not None and snapshot.read_at - one.started_at < CRASH_WINDOW
    return one.status == "restarting" or (one.restart_count >= _LOOP and young)


def _changed(replicas: Sequence[ContainerFact], target: Release | None) -> bool | None:
    """Does the release before run it otherwise? An unrecorded one does not tell its configuration."""
    if target is None:
        return None
    was = target.image_id(replicas[0].service)
    if was is None or any(one.image_id != was for one in replicas):
        return None if was is None else True
    config = target.record.config_hashes.get(replicas[0].service) if target.record else None
    if config is None:
        return False
    return any(one.config_hash != config for one in replicas)


def _health(snapshot: Snapshot) -> HealthSeen | None:
    """The version that it names is no matter here."""
    found = health.inside(snapshot, field=None, version=None)
    if found.verdict not in ("pass", "fail"):
        return None
    return HealthSeen(ok=found.verdict == "pass", said=found.reason)


def _other_changes(snapshot: Snapshot, environment: Environment) -> Iterator[OtherChange]:
    """Our own runs, and services that were made anew at another time than the release."""
    for run in snapshot.runs:
        if run.has_started and run.since is not None:
            yield OtherChange(at=run.since, what=f"{run.task} {shown(run.run_id)}")
    release = [one.created_at for one in snapshot.service(environment.version_service)]
    for one in snapshot.containers:
        if not one.one_off and all(abs(one.created_at - at) > _ONE_DEPLOY for at in release):
            yield OtherChange(at=one.created_at, what=f"{one.service} was made anew")
