"""What one read of a host says to the question whether a rollback would help."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from built_snapshots import COMPOSE, COMPOSE_SHA256, NOW, REFS, container, image_id, run, snapshot, stack

from hummii_ops.checks.would_help import Advice, Evidence, ServiceState, advise
from hummii_ops.checks.would_help.from_snapshot import of_snapshot, target_of
from hummii_ops.facts.claims import Mark
from hummii_ops.facts.release import identity
from hummii_ops.facts.snapshot import BackupFact, HealthAnswer, ImageFact, Snapshot
from hummii_ops.facts.stack import EngineFact
from hummii_ops.inventory.models import Environment

ENVIRONMENT = Environment.model_validate(
    {
        "name": "production",
        "hosts": [{"name": "prod-1", "address": "192.0.2.1", "user": "deploy"}],
        "database": {"name": "hummii", "user": "hummii"},
    }
)
OLDER = COMPOSE.replace("hummii-api:1.0", "hummii-api:0.9")
OLD_ID = image_id("hummii-api:0.9")
OLD = ImageFact(id=OLD_ID, tags=("hummii-api:0.9",), digests=(), created_at=None, version=None, size_bytes=1)


def host(*containers: Any, mark: str | None = None, **otherwise: Any) -> Snapshot:
    """1.0 runs since an hour; before it 0.9, of which a bare restore point is kept."""
    digest = sha256(OLDER.encode()).hexdigest()
    backup = BackupFact(
        name="docker-compose.prod.yml.backup-20261122_103000Z",
        path="/opt/hummii/backups/docker-compose.prod.yml.backup-20261122_103000Z",
        kind="file",
        sha256=digest,
        content=OLDER,
    )
    known = identity(digest, {name: image_id(ref) for name, ref in REFS.items()} | {"api": OLD_ID})
    marks = (
        {known: Mark(identity=known, mark=mark, who="a@b", reason="", since=None, run="")}  # type: ignore[arg-type]
        if mark
        else {}
    )
    one = snapshot(*(containers or stack()), backups=(backup,), marks=marks)
    return replace(one, images=(*one.images, OLD), **otherwise)


def evidence(one: Snapshot) -> Evidence:
    return of_snapshot(one, ENVIRONMENT, *target_of(one, ENVIRONMENT))


def advice(one: Snapshot) -> Advice:
    return advise(evidence(one))


def api(seen: Evidence) -> ServiceState:
    return next(one for one in seen.services or () if one.name == "api")


LOOPS = container("api", status="restarting", restart_count=7, health=None)


def test_a_crash_loop_after_a_good_release_is_a_yes() -> None:
    """Known from one read: what runs loops, and what it replaced was proven good."""
    found = advice(host(*stack(LOOPS), mark="good"))
    assert (found.helps, found.code, found.next_command) == ("yes", "down-since-release", "fab rollback --latest")
    assert "0.9, is proven good" in found.because


def test_nobody_has_proven_the_release_before() -> None:
    """Then it is unknown, and said so; where there is none, no."""
    assert advice(host(*stack(LOOPS))).code == "down-previous-unproven"
    none = advice(replace(host(*stack(LOOPS)), backups=()))
    assert (none.helps, none.code) == ("no", "nothing-to-go-back-to")
    assert "there is no release to go back to" in none.because


def test_a_healthy_stack_of_which_nothing_was_measured_is_unknown() -> None:
    """Green services say nothing of how fast it is, and the answer names what was not looked at."""
    found = advice(host(mark="good"))
    assert (found.helps, found.code) == ("unknown", "not-enough-data")
    assert {"metrics", "host", "database", "onset"} <= set(found.not_looked_at)
    assert "dependencies" not in found.not_looked_at


def test_services_in_numbers() -> None:
    """Which are up, since when, and which of them the release changed."""
    seen = evidence(host(*stack(container("postgres", status="exited", exit_code=137))))
    states = {one.name: one for one in seen.services or ()}
    assert (states["api"].up, states["api"].changed) == (1, True)
    assert (states["postgres"].up, states["postgres"].changed, states["nginx"].changed) == (0, False, False)
    assert (seen.version, seen.began_at, seen.now) == ("1.0", NOW - timedelta(hours=1), NOW)
    assert (seen.api, seen.database_service) == ("api", "postgres")


def test_the_database_that_is_down_is_not_the_releases_doing() -> None:
    """The api is ill for it, and older code would be too."""
    ill = (container("api", health="unhealthy"), container("postgres", status="exited", exit_code=1))
    found = advice(host(*stack(*ill), mark="good"))
    assert (found.helps, found.code) == ("no", "database-down")


@pytest.mark.parametrize(
    ("otherwise", "looping"),
    [
        ({"restart_count": 3, "started_at": NOW - timedelta(minutes=1)}, True),
        ({"restart_count": 2, "started_at": NOW - timedelta(minutes=1)}, False),
        ({"restart_count": 9, "started_at": NOW - timedelta(minutes=6)}, False),
        ({"status": "restarting", "restart_count": 1}, True),
    ],
)
def test_a_loop_is_young_and_repeated(otherwise: dict[str, Any], looping: bool) -> None:
    """A restart of last week, or a single one, is none."""
    assert api(evidence(host(*stack(container("api", **otherwise))))).looping is looping


@pytest.mark.parametrize("policy", ["no", "on-failure"])
def test_a_service_that_ends_well_is_none_that_is_down(policy: str) -> None:
    """One-shot services end with 0; they are not asked for."""
    once = container("migrate", status="exited", exit_code=0, restart_policy=policy)
    names = {one.name for one in evidence(host(*stack(), once)).services or ()}
    assert names == {"api", "nginx", "postgres"}


def test_health_by_what_was_answered() -> None:
    """500 is ill; another version is not; no URL in the inventory is not looked at."""
    answer = HealthAnswer(url="http://127.0.0.1/", code=500, body="", elapsed_ms=3)
    ill = evidence(host(health=answer)).health
    assert ill
    assert not ill.ok
    other = evidence(host(health=replace(answer, code=200, body='{"version":"7"}'))).health
    assert other
    assert other.ok
    assert evidence(host(health=None)).health is None


def test_docker_that_does_not_answer_is_the_hosts_fault() -> None:
    """Nothing can be rolled back, and no row says yes."""
    away = host(engine=EngineFact(error="Cannot connect to the Docker daemon"), health=None)
    found = advice(away)
    assert (found.helps, found.code) == ("no", "host")
    assert "Cannot connect" in found.because


def test_other_changes_are_what_was_done_at_another_time() -> None:
    """Our own runs, and a service that was made anew apart from the release."""
    apart = container("nginx", created_at=NOW - timedelta(minutes=5))
    seen = evidence(host(*stack(apart), runs=(run(state="done", at=NOW - timedelta(hours=3)),)))
    assert [one.what for one in seen.other_changes or ()] == [
        "rollback 20261122T110000Z-rollback-abcd",
        "nginx was made anew",
    ]


def test_a_stack_without_a_database_misses_none() -> None:
    """What is not there is not "not looked at"."""
    without = ENVIRONMENT.model_copy(update={"database": None})
    one = host()
    seen = of_snapshot(one, without, *target_of(one, without))
    assert {"database", "migrations"} <= seen.absent
    assert not {"database", "migrations"} & set(seen.not_looked_at)


def test_the_stack_of_these_tests_is_what_it_says() -> None:
    """0.9 is what --latest would bring back."""
    target, previous = target_of(host(mark="good"), ENVIRONMENT)
    assert target
    assert previous
    assert (target.version, previous.healthy) == ("0.9", True)
    assert target.compose_sha256 != COMPOSE_SHA256
