"""The gate `tests`: GitHub's check runs and statuses, for exactly this commit."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from stand_in import SHA, TOKEN, StandIn, serving

from hummii_ops.github.client import GitHub
from hummii_ops.inventory import Secret
from hummii_ops.inventory.predeploy import Predeploy
from hummii_ops.predeploy.gate import Gate
from hummii_ops.predeploy.tests_passed import asked


def at_once(_seconds: float) -> None:
    """Nobody waits."""


def gate(
    server: StandIn,
    *required: str,
    wait_s: float = 0,
    limit_s: float = 10,
    accept_neutral: bool = False,
    pause: Callable[[float], None] = at_once,
    own_run: str = "",
) -> Gate:
    github = GitHub(repository="hummii/shop", token=Secret(TOKEN), limit_s=limit_s, url=server.url)
    settings = Predeploy(required=required, accept_neutral=accept_neutral)
    try:
        return asked(github, settings, SHA, wait_s=wait_s, own_run=own_run, pause=pause)
    finally:
        github.close()


def test_all_that_is_required_passed() -> None:
    """Over 250 check runs on three pages, and a status of another service; what is not required does not count."""
    with serving() as server:
        for number in range(249):
            server.add_run(f"test {number}")
        server.add_run("flaky", "failure")
        server.add_status("ci/elsewhere", "success")
        found = gate(server, "test 248", "ci/elsewhere")
        assert (found.verdict, found.reason) == ("pass", "2 of 2 checks passed")
        assert gate(server).verdict == "fail"  # none named: all that the commit has


@pytest.mark.parametrize(
    ("conclusion", "status", "verdict"),
    [
        ("failure", "completed", "fail"),
        ("cancelled", "completed", "fail"),
        ("timed_out", "completed", "fail"),
        ("action_required", "completed", "fail"),
        ("neutral", "completed", "fail"),
        ("skipped", "completed", "fail"),
        (None, "in_progress", "inconclusive"),
        (None, "queued", "inconclusive"),
    ],
)
def test_everything_else_than_success_is_no_pass(conclusion: str | None, status: str, verdict: str) -> None:
    """Each conclusion that GitHub knows; one that is not over is inconclusive."""
    with serving() as server:
        server.add_run("test", conclusion, status=status)
        assert gate(server, "test").verdict == verdict
        accepted = gate(server, "test", accept_neutral=True).verdict
        assert accepted == ("pass" if conclusion in ("neutral", "skipped") else verdict)


def test_what_is_required_and_missing_fails() -> None:
    """Never a pass, however many others passed; without any check at all it is inconclusive."""
    with serving() as server:
        assert gate(server).verdict == "inconclusive"
        server.add_run("test")
        found = gate(server, "test", "deploy to staging")
        assert (found.verdict, found.details) == ("fail", ("deploy to staging: missing",))


def test_of_reruns_the_last_one_counts() -> None:
    """In either direction, whatever their order in the answer."""
    with serving() as server:
        server.add_run("test", "success", id=20)
        server.add_run("test", "failure", id=10)
        server.add_run("lint", "failure", id=21)
        server.add_run("lint", "success", id=11)
        assert gate(server, "test").verdict == "pass"
        assert gate(server, "lint").verdict == "fail"


def test_a_job_does_not_wait_for_itself() -> None:
    """With nothing required by name, what its own workflow run has not ended is left out; what that ended counts."""
    own = "https://github.com/hummii/shop/actions/runs/77"
    with serving() as server:
        server.add_run("deploy", None, status="in_progress", run=77)
        assert gate(server, own_run=own).verdict == "inconclusive"
        server.add_run("test")
        assert (gate(server, own_run=own).verdict, gate(server).verdict) == ("pass", "inconclusive")
        server.add_run("elsewhere", None, status="in_progress", run=777)
        assert gate(server, own_run=own).details == ("elsewhere: not over yet",)
        assert gate(server, "deploy", own_run=own).verdict == "inconclusive"
        server.add_run("lint", "failure", run=77)
        assert gate(server, own_run=own).verdict == "fail"


def test_a_name_that_two_apps_use() -> None:
    """The newer of the two does not hide that the other failed."""
    with serving() as server:
        server.add_run("test", "failure", id=10)
        server.add_status("test", "success")
        for found in (gate(server, "test"), gate(server)):
            assert (found.verdict, found.reason) == ("fail", "1 of 2 checks passed")
        assert found.details == ("test (no app): failure",)


def test_it_waits_until_they_are_over() -> None:
    """And sees the end; a failure ends the wait at once."""
    with serving() as server:
        server.add_run("test", None, status="in_progress")

        def end(_seconds: float) -> None:
            server.runs[0] |= {"status": "completed", "conclusion": "success"}

        assert gate(server, "test", wait_s=60, pause=end).verdict == "pass"
        server.add_run("lint", "failure")
        server.add_run("slow", None, status="queued")
        waits: list[float] = []
        assert gate(server, "lint", "slow", wait_s=60, pause=waits.append).verdict == "fail"
        assert not waits


def test_pending_for_ever_ends_at_the_deadline() -> None:
    """Inconclusive, by name; the wait is the deadline and no more."""
    with serving() as server:
        server.add_run("test", None, status="queued")
        began = time.monotonic()
        found = gate(server, "test", wait_s=1, pause=time.sleep)
        assert (found.verdict, found.details) == ("inconclusive", ("test: not over yet",))
        assert time.monotonic() - began < 4


def test_checks_of_another_commit_are_no_answer() -> None:
    """A branch that is named like a commit, or a proxy that mixes things up."""
    with serving() as server:
        server.add_run("test")
        server.runs[0]["head_sha"] = "f" * 40
        assert gate(server, "test").verdict == "error"


@pytest.mark.parametrize(
    "trouble", ["401", "rate-limit", "html", "loop", "elsewhere", "part", "black-hole", "drip", "cut", "500"]
)
def test_a_github_that_does_not_answer_is_an_error(trouble: str) -> None:
    """Within the deadline, and never a pass."""
    with serving() as server:
        server.add_run("test")
        server.troubles = [trouble] * 20
        began = time.monotonic()
        found = gate(server, "test", limit_s=1.5)
        assert (found.verdict, bool(found.reason)) == ("error", True)
        assert time.monotonic() - began < 4
