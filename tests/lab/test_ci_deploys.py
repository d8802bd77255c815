"""A CI job that deploys: may this commit come, and is it well afterwards? The example workflow, on a real stack."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab_production import Production
from runner import Runner
from stand_in import StandIn

pytestmark = pytest.mark.lab


def deployed(production: Production, machine: Runner, version: str) -> dict[str, str]:
    """The example workflow with a look at production after the deploy; how each job ended."""
    machine.variables = {**machine.variables, "DEPLOY_URL": f"{production.host.url}/api/health"}
    ended = machine.workflow("example-deploy.yml", {"version": version})
    return {name: one.result for name, one in ended.items()}


def test_a_deploy_that_is_well(production: Production, job: Callable[..., Runner]) -> None:
    """Its gates pass, it is well where customers see it, and nobody rolls it back."""
    machine = job("well")
    assert deployed(production, machine, "1.2") == {"predeploy": "success", "deploy": "success", "rollback": "skipped"}
    assert production.serves("1.2")
    assert "tests" in machine.jobs["predeploy"].summary


def test_a_release_that_is_ill_after_its_deploy(production: Production, job: Callable[..., Runner]) -> None:
    """The script of 1.1 ends well, and it answers 503: the job looks, fails, and 1.0 serves again."""
    machine = job("ill")
    ended = deployed(production, machine, "1.1")
    assert ended["deploy"] == "failure", machine.jobs["deploy"].log
    assert any("does not answer well after the deploy" in one for one in machine.jobs["deploy"].annotations)
    rollback = machine.jobs["rollback"]
    assert (rollback.result, rollback.outputs["rolled_back_to"]) == ("success", "1.0"), rollback.log
    assert production.serves("1.0")


def test_a_commit_that_may_not_be_deployed(
    production: Production, job: Callable[..., Runner], github_server: StandIn
) -> None:
    """Its tests failed: the page says so, nothing is deployed, and there is nothing to roll back."""
    machine, containers = job("may-not"), production.containers()
    passed, github_server.runs = github_server.runs, []
    github_server.add_run("test", "failure")
    try:
        ended = deployed(production, machine, "1.2")
    finally:
        github_server.runs = passed
    assert ended == {"predeploy": "failure", "deploy": "skipped", "rollback": "skipped"}
    assert "test: failure" in machine.jobs["predeploy"].summary
    assert production.containers() == containers
