"""A CI job on GitHub, as workflow and action say it: a deploy that failed is rolled back, if it touched the server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab_ci import fails
from lab_production import PROJECT, Production
from runner import Runner
from stand_in import StandIn

pytestmark = pytest.mark.lab


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
