"""Services running, healthy, stable: judged from two reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from built_snapshots import COMPOSE, NOW, container, later, snapshot, stack

from hummii_ops.checks import Measurement, worst
from hummii_ops.checks.stack import services
from hummii_ops.facts.snapshot import ComposeFact
from hummii_ops.facts.stack import EngineFact


def by_name(*args: Any) -> dict[str, Measurement]:
    return {one.name: one for one in services.measure(*args)}


def test_a_healthy_stack_passes() -> None:
    """Every replica of every service up and the same in both reads: pass, with the window it was watched for."""
    first = snapshot()
    found = by_name(first, later(first))
    assert worst(found.values()) == "pass"
    assert list(found) == ["services", "service.api", "service.nginx", "service.postgres"]
    assert found["service.api"].window_s == 3
    assert found["service.api"].value == "1 of 1"
    assert "healthcheck" in found["service.nginx"].reason


@pytest.mark.parametrize(
    ("otherwise", "words"),
    [
        ({"status": "exited", "exit_code": 137}, "exited with code 137"),
        ({"status": "exited", "exit_code": 0}, "exited with code 0"),
        ({"status": "created"}, "is created"),
        ({"status": "paused"}, "is paused"),
        ({"status": "dead"}, "is dead"),
        ({"status": "restarting"}, "is restarting"),
        ({"health": "unhealthy"}, "is unhealthy"),
        ({"oom_killed": True}, "killed for memory"),
        ({"restart_count": 1}, "started again between"),
        ({"started_at": NOW + timedelta(seconds=1)}, "started again between"),
    ],
)
def test_an_ill_replica_fails_by_name(otherwise: dict[str, Any], words: str) -> None:
    """One ill replica among good ones fails its service, names the container, and no other service."""
    good, ill = container("api", 1), container("api", 2)
    first = snapshot(*stack(good, ill))
    found = by_name(first, later(first, *stack(good, replace(ill, **otherwise))))
    assert found["service.api"].verdict == "fail"
    assert found["service.api"].value == "1 of 2"
    assert words in found["service.api"].reason
    assert "hummii-api-2" in found["service.api"].reason
    assert {name for name, one in found.items() if one.verdict == "fail"} == {"service.api"}


def test_a_replaced_container_is_not_stable() -> None:
    """Another container at the second look: something is at work, whatever its health."""
    first = snapshot()
    found = by_name(first, later(first, *stack(container("api", id="f" * 64))))
    assert found["service.api"].verdict == "fail"
    assert "is gone" in found["service.api"].reason


def test_a_crash_loop_slower_than_the_two_looks_does_not_pass() -> None:
    """Restarted by itself 40 s ago: it has not shown that it stays up, and the reason says how long it takes."""
    looping = container("api", restart_count=6, started_at=NOW - timedelta(seconds=40))
    first = snapshot(*stack(looping))
    found = by_name(first, later(first))
    assert found["service.api"].verdict == "inconclusive"
    assert "in 257 s" in found["service.api"].reason


def test_an_old_restart_is_forgiven() -> None:
    """A restart from an hour ago says nothing about now."""
    first = snapshot(*stack(container("api", restart_count=2)))
    assert worst(services.measure(first, later(first))) == "pass"


def test_still_starting_is_inconclusive() -> None:
    """Neither healthy nor unhealthy yet: not a pass, not a fail."""
    first = snapshot(*stack(container("api", health="starting")))
    found = by_name(first, later(first))
    assert found["service.api"].verdict == "inconclusive"
    assert "ask again in 22 s" in found["service.api"].reason


def test_a_one_shot_service_that_ended_well_passes() -> None:
    """Exited with 0 under restart policy "no" is what a migration does."""
    first = snapshot(*stack(container("nginx", status="exited", restart_policy="no")))
    found = by_name(first, later(first))
    assert found["service.nginx"].verdict == "pass"
    assert "one-shot" in found["service.nginx"].reason


def test_a_service_without_a_container_fails() -> None:
    """A service of the compose file on disk that has no container is named."""
    first = snapshot(*stack(without=["postgres"]))
    found = by_name(first, later(first))
    assert found["services"].verdict == "fail"
    assert found["services"].value == "2 of 3"
    assert "postgres" in found["services"].reason


def test_a_service_behind_a_profile_need_not_be_there() -> None:
    """`up` alone does not start it, so its absence is no failure."""
    compose = replace(
        snapshot().compose,
        content=COMPOSE + "  tools:\n    image: t:1\n    profiles: [debug]\n",
        config_hashes=dict.fromkeys(("api", "nginx", "postgres", "tools"), "h"),
    )
    first = snapshot(compose=compose)
    assert worst(services.measure(first, later(first))) == "pass"


def test_what_left_the_compose_file_and_stopped_is_skipped() -> None:
    """An orphan that does not run is nobody's service."""
    first = snapshot(*stack(container("worker", status="exited", exit_code=137)))
    found = by_name(first, later(first))
    assert found["service.worker"].verdict == "skipped"
    assert worst(found.values()) == "pass"


def test_a_compose_file_that_compose_refuses_is_an_error() -> None:
    """Which services there should be is then unknown: could not look, not "none is missing"."""
    compose = ComposeFact(path="c.yml", content="x", sha256="0", config_hashes=None, config_error="line 3: bad")
    first = snapshot(compose=compose)
    found = by_name(first, later(first))
    assert found["services"].verdict == "error"
    assert "line 3: bad" in found["services"].reason


def test_one_off_containers_are_not_replicas() -> None:
    """`docker compose run` leaves containers that no service is judged by."""
    first = snapshot(*stack(), container("api", 9, one_off=True, status="exited", exit_code=1))
    assert worst(services.measure(first, later(first))) == "pass"


@pytest.mark.parametrize("down_at", [0, 1])
def test_docker_down_is_a_failure_of_production(down_at: int) -> None:
    """At either look: one measurement that says so, and nothing guessed about services."""
    engine = EngineFact(error="Cannot connect to the Docker daemon")
    reads = [snapshot(), later(snapshot())]
    reads[down_at] = replace(reads[down_at], engine=engine, containers=())
    found = by_name(*reads)
    assert [(one.name, one.verdict) for one in found.values()] == [("docker", "fail")]
    assert found["docker"].reason.startswith("docker does not answer")


def test_an_account_that_may_not_ask_docker_could_not_look() -> None:
    """No permission says nothing about the stack."""
    ill = snapshot(engine=EngineFact(error="permission denied while trying to connect"), containers=())
    assert worst(services.measure(ill, ill)) == "error"


def test_a_name_from_the_host_cannot_move_the_cursor() -> None:
    """Text from servers is stripped of control sequences."""
    first = snapshot(*stack(container("api", name="a\x1b[2Jb", status="dead")))
    assert "\x1b" not in by_name(first, later(first))["service.api"].reason
