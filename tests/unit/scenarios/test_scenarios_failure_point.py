"""Where a deployment failed, by what the host shows."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "checks"))

from built_snapshots import NOW, container, snapshot, stack

from hummii_ops.checks.logs import deploy_output
from hummii_ops.checks.logs.deploy_output import DeployOutput
from hummii_ops.checks.logs.last_words import LastWords
from hummii_ops.inventory import Environment
from hummii_ops.scenarios.failure_point import failure_points, ill, is_of_what_runs, of_deploy
from hummii_ops.transport.local import LocalTransport

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


def output(*lines: str, exit_code: int | None = 1, at: datetime = NOW) -> DeployOutput:
    return DeployOutput(file="deploys/1/output.log", at=at, exit_code=exit_code, lines=lines)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (output("pulling", "deploy.sh: there is no image hummii-api:1.9 on this host"), "image"),
        (output("Error response from daemon: pull access denied for hummii-api", exit_code=None), "image"),
        (output("npm ERR! migration failed", "done"), "migration"),
        (output("it broke"), "start"),
        (output("it broke", exit_code=0), None),
        (output("all is well", exit_code=None), None),
    ],
)
def test_what_the_deploy_itself_said(said: DeployOutput, kind: str | None) -> None:
    """The line that shows it; a script that ended badly failed whatever it said, and one that said nothing did not."""
    point = of_deploy(said)
    assert (point.kind if point else None) == kind
    assert point is None or point.lines


def test_the_output_of_an_older_deploy() -> None:
    """Somebody has deployed by hand since: it says nothing of what runs."""
    made = max(one.created_at for one in snapshot().containers)
    assert is_of_what_runs(snapshot(), output(at=made - timedelta(minutes=9)))
    assert not is_of_what_runs(snapshot(), output(at=made - timedelta(minutes=11)))


def test_the_newest_output_is_read(tmp_path: Path) -> None:
    """The guard's last deploy with its exit code, masked; or the file that the inventory names, if that is newer."""
    keys = {"name": "e", "hosts": [{"name": "h", "address": "h"}], "project_dir": str(tmp_path)}
    named = Environment.model_validate(keys | {"deploy_log": "deploy.log"})
    assert deploy_output.read(LocalTransport(), named, f"{tmp_path}/home") is None
    for run, said in (("20260101T000000Z-deploy-a", "old"), ("20260102T000000Z-deploy-b", "PASSWORD=hunter2\nbroken")):
        folder = tmp_path / "home" / "deploys" / run
        folder.mkdir(parents=True)
        (folder / "output.log").write_text(f"{said}\n")
        (folder / "values").write_text("exit_code=0\nversion=1.9\nexit_code=3\n")
        os.utime(folder / "output.log", (1000, 1000))
    found = deploy_output.read(LocalTransport(), named, f"{tmp_path}/home")
    assert found
    assert (found.exit_code, found.lines[-1], found.at.timestamp()) == (3, "broken", 1000)
    assert "hunter2" not in str(found)
    (tmp_path / "deploy.log").write_text("by hand\n")
    found = deploy_output.read(LocalTransport(), named, f"{tmp_path}/home")
    assert found
    assert (found.exit_code, found.lines) == (None, ("by hand",))


def test_a_good_deployment_has_none() -> None:
    """Nor has a one-shot service that ended well, or a container that is nobody's service."""
    migrate = container("migrate", status="exited", restart_policy="no")
    assert failure_points(snapshot(*stack(migrate)), []) == ()
    assert ill(snapshot(*stack(container("api", 2, one_off=True, **DOWN)))) == ()
    crashed_long_ago = container("postgres", restart_count=1, started_at=NOW - timedelta(days=20))
    assert ill(snapshot(*stack(crashed_long_ago))) == ()
    assert ill(snapshot(*stack(replace(crashed_long_ago, started_at=NOW - timedelta(seconds=20))))) != ()
