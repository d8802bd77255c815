"""Where a deployment failed, by what the host shows."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "checks"))

from built_snapshots import NOW, container, snapshot, stack

from hummii_ops.checks.last_words import LastWords
from hummii_ops.scenarios.failure_point import failure_points, ill

DOWN = {"status": "restarting", "exit_code": 1, "restart_count": 4}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Error: P3009 migrate found failed migrations in the target database", "migration"),
        ("Error: connect ECONNREFUSED 172.18.0.3:5432", "dependency"),
        ('nginx: [emerg] host not found in upstream "api:3000"', "dependency"),
        ("Error: ENOSPC: no space left on device, write", "resources"),
        ("migration failed: could not extend file: No space left on device", "resources"),
        ("Error: environment variable JWT_SECRET is required", "config"),
        ("TypeError: undefined is not a function", "start"),
    ],
)
def test_a_service_that_does_not_start(line: str, kind: str) -> None:
    """Its last lines say why; the one that shows it is kept."""
    seen = snapshot(*stack(container("api", **DOWN)))
    (point,) = failure_points(seen, [LastWords(service="api", lines=("starting", line), health="")])
    assert (point.kind, point.service) == (kind, "api")
    assert point.lines[-1] == line
    assert point.what == "api is restarting, healthy, exit code 1, 4 restarts"


def test_what_shows_no_line() -> None:
    """A health check that fails, memory, a container that was never made, a file that Compose refuses."""
    unhealthy = failure_points(snapshot(*stack(container("api", health="unhealthy"))), [])
    assert [(one.kind, one.what) for one in unhealthy] == [("health", "api is running, unhealthy")]
    just_now = NOW - timedelta(seconds=20)
    killed = failure_points(snapshot(*stack(container("api", oom_killed=True, started_at=just_now))), [])
    assert [one.kind for one in killed] == ["resources"]
    absent = failure_points(snapshot(*stack(without=["api"])), [])
    assert [(one.kind, one.service) for one in absent] == [("image", "api")]
    whole = snapshot()
    refused = replace(whole, compose=replace(whole.compose, config_hashes=None, config_error="bad indent"))
    assert [(one.kind, "bad indent" in one.what) for one in failure_points(refused, [])] == [("config", True)]


def test_a_good_deployment_has_none() -> None:
    """Nor has a one-shot service that ended well, or a container that is nobody's service."""
    migrate = container("migrate", status="exited", restart_policy="no")
    assert failure_points(snapshot(*stack(migrate)), []) == ()
    assert ill(snapshot(*stack(container("api", 2, one_off=True, **DOWN)))) == ()
    crashed_long_ago = container("postgres", restart_count=1, started_at=NOW - timedelta(days=20))
    assert ill(snapshot(*stack(crashed_long_ago))) == ()
    assert ill(snapshot(*stack(replace(crashed_long_ago, started_at=NOW - timedelta(seconds=20))))) != ()
