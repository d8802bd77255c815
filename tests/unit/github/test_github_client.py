"""GitHub's API: whatever it does, there is an answer or a clear no, within the deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from github import Auth, Github
from stand_in import SHA, TOKEN, StandIn

from hummii_ops.github.client import GitHub, NoAnswer
from hummii_ops.github.deployments import Deployment

Asking = Callable[..., GitHub]
RUNS = f"/commits/{SHA}/check-runs?filter=latest"


def test_the_stand_in_is_one_that_another_client_takes(github_server: StandIn) -> None:
    """PyGithub, which is not ours, reads check runs over pages and statuses, and makes a deployment with a status."""
    for number in range(250):
        github_server.add_run(f"test {number}")
    github_server.add_status("ci/elsewhere", "success")
    client = Github(auth=Auth.Token(TOKEN), base_url=github_server.url, retry=None)
    repository = client.get_repo("hummii/shop")
    commit = repository.get_commit(SHA)
    assert {one.name for one in commit.get_check_runs()} == {f"test {number}" for number in range(250)}
    assert [one.context for one in commit.get_combined_status().statuses] == ["ci/elsewhere"]
    deployment = repository.create_deployment(
        SHA, task="rollback", auto_merge=False, required_contexts=[], environment="production"
    )
    assert deployment.task == "rollback"
    assert deployment.create_status("success", description="back").state == "success"
    client.close()


def test_every_page_is_read(github_server: StandIn, asking: Asking) -> None:
    """250 check runs stand on three pages."""
    for number in range(250):
        github_server.add_run(f"test {number}")
    assert len(asking().pages(RUNS, "check_runs")) == 250
    assert len(github_server.asked) == 3


@pytest.mark.parametrize(
    "repository", ["", "shop", "hummii/..", "../x", "hummii/shop/../../x", "hummii/shop?", "a b/c\n"]
)
def test_what_is_no_repository_is_not_asked(github_server: StandIn, asking: Asking, repository: str) -> None:
    """No name can lead to another address of the API; it is told at once, not at the end of the time limit."""
    with pytest.raises(NoAnswer, match="no owner/name"):
        replace(asking(), repository=repository).get("/commits/x")
    assert github_server.asked == []


@pytest.mark.parametrize("trouble", ["500", "502", "retry-after", "cut"])
def test_what_passes_is_asked_again(github_server: StandIn, asking: Asking, trouble: str) -> None:
    """A server that is ill for a moment, or asks to wait a second, gives its answer in the end."""
    github_server.add_run("test")
    github_server.troubles = [trouble]
    assert len(asking().pages(RUNS, "check_runs")) == 1


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("401", "token is not accepted"),
        ("404", "no such repository or commit"),
        ("rate-limit", "rate limit is used up; it asks us to wait 3"),
        ("html", "not JSON"),
        ("loop", "pages do not end"),
        ("elsewhere", "on another host; it was not asked"),
        ("part", "listed 0 of 101; what is missing may have failed"),
    ],
)
def test_what_stays_wrong_is_said_at_once(github_server: StandIn, asking: Asking, trouble: str, said: str) -> None:
    """No waiting for what cannot become better within the deadline, and no page that would take the token away."""
    github_server.troubles = [trouble] * 3
    began = time.monotonic()
    with pytest.raises(NoAnswer, match=said):
        asking().pages(RUNS, "check_runs")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("trouble", ["black-hole", "drip", "500"])
def test_the_deadline_is_for_everything(github_server: StandIn, asking: Asking, trouble: str) -> None:
    """A GitHub that hangs, drips or stays ill costs the deadline and no more."""
    github_server.troubles = [trouble] * 20
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        asking(limit_s=1.2).pages(RUNS, "check_runs")
    assert time.monotonic() - began < 3


def test_nobody_there_is_an_answer_too(asking: Asking) -> None:
    """No connection: said, and never an exception of another kind."""
    nobody = asking(limit_s=1, url="http://127.0.0.1:1")
    with pytest.raises(NoAnswer, match="no connection"):
        nobody.get("")


def test_a_rollback_is_shown_as_a_deployment(github_server: StandIn, asking: Asking) -> None:
    """Of the task rollback, on the commit that is left, merged nowhere and waiting for no check; with its end."""
    made = Deployment(asking(), sha=SHA, environment="production", log_url="https://ci.example/run/1")
    made.end("success", "1.0 serves again " + "x" * 200)
    assert made.note == ""
    assert github_server.deployments[0]["task"] == "rollback"
    assert [one["state"] for one in github_server.told] == ["in_progress", "success"]
    assert len(github_server.told[-1]["description"]) == 140


@pytest.mark.parametrize("trouble", ["500", "401", "black-hole"])
def test_a_deployment_that_cannot_be_told_is_a_note(github_server: StandIn, asking: Asking, trouble: str) -> None:
    """GitHub ill, refusing or silent: a sentence, within seconds."""
    github_server.troubles = [trouble] * 9
    began = time.monotonic()
    made = Deployment(asking(limit_s=1), sha=SHA, environment="production", log_url="")
    made.end("success", "back")
    assert "was not told" in made.note
    assert time.monotonic() - began < 7


def test_the_token_never_shows(github_server: StandIn, asking: Asking) -> None:
    """Not in the client's own text, nor in an error."""
    client = asking()
    assert TOKEN not in repr(client)
    github_server.troubles = ["401"]
    with pytest.raises(NoAnswer) as error:
        client.get("")
    assert TOKEN not in str(error.value)
