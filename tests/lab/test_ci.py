"""A CI job on GitHub, as workflow and action say it: a deploy that failed is rolled back, if it touched the server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_operator import Operator
from lab_production import PROJECT, Production
from runner import Runner
from stand_in import SHA, TOKEN, StandIn, serving

pytestmark = pytest.mark.lab

# Whether a machine that many share is quick is not what is asked here.
PATIENT = "    flows: null\n    limits: {response_p95_ms: 60000, request_p95_ms: 60000, errors_percent: 100}\n"
GITHUB = {
    "sha": SHA,
    "token": TOKEN,
    "server_url": "https://github.example",
    "repository": "hummii/shop",
    "run_id": "7",
}
GATES = "    predeploy: {gates: [tests], required: [test]}\n"


@pytest.fixture(scope="module")
def github_server() -> Iterator[StandIn]:
    """GitHub's API, for deployments and their statuses."""
    with serving() as server:
        server.add_run("test")
        yield server


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The runner's own folder, one for all jobs here: what the action installs is installed once."""
    return str(tmp_path_factory.mktemp("runner"))


@pytest.fixture
def job(
    fresh: Production, operator: Operator, github_server: StandIn, tmp_path: Path, temp: str
) -> Iterator[Callable[..., Runner]]:
    """Makes machines for jobs; production runs 1.0, proven good, with a deploy guard and a deploy.sh that can fail."""
    breakable(fresh)
    included = f"include: {json.dumps(str(fresh.lab.environment_file))}"
    operator.inventory.write_text(
        f"default: production\nenvironments:\n  production:\n    {included}\n{PATIENT}{GATES}"
    )
    operator.fab("install-host", "--yes").ended(0)
    operator.fab("snapshot", "--reason=before").ended(0)
    operator.fab("mark", "--good", "--reason=as it was").ended(0)
    known = fresh.lab.known_hosts.read_text()
    environ = {
        "GITHUB_REPOSITORY": "hummii/shop",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_RUN_ID": "7",
        "GITHUB_API_URL": github_server.url,
        "HOME": str(tmp_path),
        "PIP_CACHE_DIR": str(Path("~/.cache/pip").expanduser()),
        "RUNNER_TEMP": temp,
    }

    def make(name: str, **settings: object) -> Runner:
        folder = tmp_path / name
        folder.mkdir()
        return Runner(
            folder=folder,
            github=GITHUB,
            secrets={"HUMMII_SSH_KEY": fresh.lab.identity_file.read_text()},
            variables={
                "HUMMII_KNOWN_HOSTS": known,
                "HUMMII_INVENTORY": str(operator.inventory),
                "DEPLOY_TARGET": f"ssh://deploy@127.0.0.1:{fresh.host.ssh_port}",
                "DEPLOY_DIR": PROJECT,
                "DEPLOY_URL": "",
            },
            environ=environ,
            **settings,  # type: ignore[arg-type]
        )

    yield make
    fresh.sh(f"cd {PROJECT}; mv team-deploy.sh deploy.sh; rm -f deploy.fails deploy.late")


def breakable(production: Production) -> None:
    """A deploy.sh that ends as `deploy.fails` says."""
    production.sh(
        f"""
        cd {PROJECT}
        mv deploy.sh team-deploy.sh
        cat > deploy.sh <<'DEPLOY'
#!/bin/sh
set -eu
cd {PROJECT}
case $(cat deploy.fails 2> /dev/null) in
    before) echo 'no such version' >&2; exit 1 ;;
    after) ./team-deploy.sh "$1"; exit 1 ;;
    late) ./team-deploy.sh "$1"; : > deploy.late; sleep 8 ;;
    *) ./team-deploy.sh "$1" ;;
esac
DEPLOY
        chmod 775 deploy.sh; chown deploy:deploy deploy.sh
        """
    )


def fails(production: Production, how: str) -> None:
    production.sh(f'rm -f {PROJECT}/deploy.late; echo "$1" > {PROJECT}/deploy.fails', how)


def test_a_deploy_that_fails_ends_in_the_release_from_before(
    production: Production, job: Callable[..., Runner], github_server: StandIn
) -> None:
    """1.1 fails after it was started: 1.0 serves again, proven; the page, the outputs and GitHub say so. The same
    commit, started once more, fails again: it is left as it is, and a person decides. By hand it goes back."""
    fails(production, "after")
    machine = job("fails")
    machine.workflow("example-deploy.yml", {"version": "1.1"})
    deploy, rollback = machine.jobs["deploy"], machine.jobs["rollback"]
    assert deploy.result == "failure", "\n".join(one.log for one in machine.jobs.values())
    assert rollback.result == "success", rollback.log
    assert production.serves("1.0")
    assert (rollback.outputs["verdict"], rollback.outputs["exit_code"]) == ("pass", "0")
    assert rollback.outputs["rolled_back_to"] == "1.0"
    assert rollback.outputs["run_id"] in production.run_ids()
    assert "1.1 → 1.0" in rollback.summary
    assert "the guard saw" in rollback.summary
    assert [one["state"] for one in github_server.told] == ["in_progress", "success"]
    assert machine.used[-1][0].startswith("actions/upload-artifact@")
    secret = machine.secrets["HUMMII_SSH_KEY"].splitlines()[2]
    said = [line for line in rollback.log.splitlines() if not line.startswith("::add-mask::")]
    assert not any(secret in line for line in said)

    fails(production, "never")
    production.deploy("1.1")
    again = job("again")
    again.workflow("rollback-on-failure.yml", {"environment": "production", "result": "failure", "touched": "true"})
    assert again.jobs["rollback"].outputs["verdict"] == "not rolled back"
    assert "once is enough" in again.jobs["rollback"].summary
    assert production.images()["api"] == production.image("hummii-api:1.1")

    by_hand = job("by-hand")
    asked = {
        "environment": "production",
        "result": "",
        "touched": "",
        "reason": "a $(touch /tmp/P) `touch /tmp/P`",
        "to": "1.0",
    }
    by_hand.workflow("rollback-on-failure.yml", asked)
    assert by_hand.jobs["rollback"].outputs["rolled_back_to"] == "1.0", by_hand.jobs["rollback"].log
    assert production.serves("1.0")


def test_a_deploy_that_touched_nothing_is_left_alone(production: Production, job: Callable[..., Runner]) -> None:
    """It failed before its first change: no run on the server, nothing is other than it was, and the job is green."""
    fails(production, "before")
    machine, containers = job("before"), production.containers()
    machine.workflow("example-deploy.yml", {"version": "1.1"})
    rollback = machine.jobs["rollback"]
    assert machine.jobs["deploy"].result == "failure"
    assert (rollback.result, rollback.outputs["verdict"]) == ("success", "not rolled back"), rollback.log
    assert "touched nothing" in rollback.summary
    assert production.containers() == containers


def test_a_deploy_that_is_cancelled_half_way_is_rolled_back(production: Production, job: Callable[..., Runner]) -> None:
    """Its script goes on without the job; the rollback waits for it, and 1.0 serves."""
    fails(production, "late")
    machine = job("late", cancel_when=lambda: production.holds(f"[ -e {PROJECT}/deploy.late ]"))
    machine.workflow("example-deploy.yml", {"version": "1.1"})
    assert machine.jobs["deploy"].result == "cancelled"
    rollback = machine.jobs["rollback"]
    assert rollback.outputs.get("rolled_back_to") == "1.0", rollback.log
    assert production.serves("1.0")


def test_hostile_words_are_words(production: Production, job: Callable[..., Runner]) -> None:
    """A version, a commit and a release that would be commands: wrong usage, said, and executed nowhere."""
    fails(production, "never")
    machine = job("hostile")
    machine.workflow("example-deploy.yml", {"version": "1.1'; touch /tmp/P; '"})
    assert machine.jobs["deploy"].result == "failure"
    given = {"environment": "production", "result": "failure", "known-hosts": machine.variables["HUMMII_KNOWN_HOSTS"]}
    given |= {"inventory": machine.variables["HUMMII_INVENTORY"]}
    given |= {"ssh-key": machine.secrets["HUMMII_SSH_KEY"], "touched": "true"}
    for more in ({"sha": "$(touch x)"}, {"to": "--help"}, {"environment": "a\n::error::b"}, {"to": "$(touch /tmp/P)"}):
        ended = machine.action(given | more)
        assert ended.result == "failure"
        assert ended.outputs["exit_code"] == "2", ended.log
    assert not production.holds("[ -e /tmp/P ]")
    assert not list(machine.folder.rglob("x"))
