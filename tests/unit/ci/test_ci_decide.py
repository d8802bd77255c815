"""Whether a failed deploy is rolled back by itself: the truth table, and the guards against doing it twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from facts_stacks import NOW, snapshot

from hummii_ops.ci.decide import Decision, Deploy, Running, decide, made_by_a_rollback, message_of, target
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.deploys import DeployFact

SHA = "0123456789abcdef0123456789abcdef01234567"
DEPLOY = Deploy(result="failure", version="1.1", commit=SHA)
GUARDED = DeployFact(
    run="20260301T110000Z-deploy-1a2b",
    version="1.1",
    touched=True,
    state="ended",
    who="ci",
    reason="",
    since=NOW - timedelta(hours=1),
    release_before="1.0",
    identity_before="a" * 64,
    identity_after="b" * 64,
    exit_code=1,
    restore_point="20260301_110000",
)
RUNS_NEW = Running(identity="b" * 64, version="1.1")
RUNS_OLD = Running(identity="a" * 64, version="1.0")
BEFORE = "1.0"


@pytest.mark.parametrize(
    ("result", "touched", "guard", "before", "running", "decided"),
    [
        # the deploy's end comes first
        ("success", "true", None, BEFORE, RUNS_NEW, False),
        ("skipped", "true", None, BEFORE, RUNS_NEW, False),
        # what the job says
        ("failure", "true", None, "", RUNS_NEW, True),
        ("cancelled", "true", None, "", RUNS_NEW, True),
        ("failure", "false", GUARDED, BEFORE, RUNS_NEW, False),
        ("cancelled", "false", None, BEFORE, RUNS_NEW, False),
        # what the guard saw
        ("failure", "auto", GUARDED, "", RUNS_NEW, True),
        ("cancelled", "auto", GUARDED, "", RUNS_NEW, True),
        ("failure", "auto", replace(GUARDED, touched=False), "", RUNS_OLD, False),
        ("cancelled", "auto", replace(GUARDED, touched=False), "", RUNS_OLD, False),
        ("failure", "auto", replace(GUARDED, touched=None), "", RUNS_NEW, True),
        ("failure", "auto", replace(GUARDED, touched=None), "", RUNS_OLD, False),
        # the guard saw another deploy last: this one did not come so far
        ("failure", "auto", replace(GUARDED, version="1.0", identity_after="a" * 64), "", RUNS_OLD, False),
        ("failure", "auto", replace(GUARDED, version="1.0"), BEFORE, RUNS_NEW, True),
        # but what runs is not what that one left: somebody came past the guard
        ("failure", "auto", replace(GUARDED, version="1.0", identity_after="a" * 64), "", RUNS_NEW, None),
        # the same version, well deployed by whom nobody knows
        ("failure", "auto", replace(GUARDED, exit_code=0), "", RUNS_NEW, None),
        # nobody saw it: what runs is compared with what ran
        ("failure", "auto", None, BEFORE, RUNS_NEW, True),
        ("failure", "unknown", None, BEFORE, RUNS_NEW, True),
        ("failure", "unknown", None, BEFORE, RUNS_OLD, False),
        ("failure", "unknown", None, "a" * 64, RUNS_OLD, False),
        ("failure", "unknown", None, BEFORE, Running(identity=None, version=None), True),
        # nor what ran: a person decides
        ("failure", "auto", None, "", RUNS_NEW, None),
        ("cancelled", "unknown", None, "", RUNS_NEW, None),
    ],
)
def test_the_truth_table(
    result: str, touched: Any, guard: DeployFact | None, before: str, running: Running, decided: bool | None
) -> None:
    """A deploy that touched nothing is never rolled back, one that did is; what cannot be told is a person's."""
    deploy = replace(DEPLOY, result=result, touched=touched, release_before=before)
    found = decide(deploy, running, snapshot(deploy=guard))
    assert found.rolls_back is decided, found.why
    assert found.why


def test_it_goes_back_to_what_the_guard_recorded() -> None:
    """And to no restore point of another deploy."""
    assert decide(DEPLOY, RUNS_NEW, snapshot(deploy=GUARDED)).to == "20260301_110000"
    said = replace(DEPLOY, touched="true")
    assert decide(said, RUNS_NEW, snapshot(deploy=GUARDED)).to == "20260301_110000"
    assert decide(said, RUNS_NEW, snapshot(deploy=replace(GUARDED, version="0.9"))).to == ""


@pytest.mark.parametrize(
    ("points", "versions", "found"),
    [
        (("p1", "p1"), ("1.0", "1.0"), "p1"),
        (("p1", "p2"), ("1.0", "1.0"), "1.0"),  # each host has its own restore point
        (("p1", "p2"), ("1.0", "0.9"), ""),
        (("", ""), ("", ""), ""),
    ],
)
def test_hosts_go_back_to_one_release(points: tuple[str, str], versions: tuple[str, str], found: str) -> None:
    """A host that stays has no say."""
    chosen = [
        Decision(rolls_back=True, why="", to=point, before=version)
        for point, version in zip(points, versions, strict=True)
    ]
    assert target([*chosen, Decision(rolls_back=False, why="", to="p3", before="0.1")]) == found


def test_a_deploy_is_known_by_its_run() -> None:
    """Where the job names the guarded run, an equal version is not enough."""
    named = replace(DEPLOY, run=GUARDED.run)
    assert decide(named, RUNS_NEW, snapshot(deploy=GUARDED)).rolls_back
    assert decide(replace(named, run="another"), RUNS_NEW, snapshot(deploy=GUARDED)).rolls_back is False
    assert decide(replace(named, run="another"), RUNS_OLD, snapshot(deploy=GUARDED)).rolls_back is None


def test_a_deploy_that_names_nothing_cannot_be_told() -> None:
    """Neither its version nor its job: the last one that the guard saw may be this one or not."""
    assert decide(replace(DEPLOY, version=""), RUNS_NEW, snapshot(deploy=GUARDED)).rolls_back is None


def test_a_deploy_is_known_by_its_job() -> None:
    """Another job's deploy of that version, of long ago, is not ours, which the guard refused; else by version.

    One that ended well and was begun by hand is no job's: production is not rolled back for it."""
    ours, other = (
        "https://github.example/hummii/shop/actions/runs/7",
        "https://github.example/hummii/shop/actions/runs/6",
    )
    named = replace(DEPLOY, job=ours)
    assert decide(named, RUNS_NEW, snapshot(deploy=replace(GUARDED, reason=ours))).rolls_back
    assert decide(named, RUNS_NEW, snapshot(deploy=replace(GUARDED, reason=other))).rolls_back is False
    assert decide(named, RUNS_NEW, snapshot(deploy=replace(GUARDED, reason="by hand"))).rolls_back
    assert decide(named, RUNS_NEW, snapshot(deploy=replace(GUARDED, reason="by hand", exit_code=0))).rolls_back is None


@pytest.mark.parametrize(
    ("state", "commit", "decided"),
    [
        ("done", SHA, False),
        ("restored", SHA, False),
        ("mixed", SHA, False),
        ("forward", SHA, False),
        ("refused", SHA, True),  # nothing was changed
        ("ready", SHA, True),  # never begun
        ("done", "f" * 40, True),
        ("done", "", True),
    ],
)
def test_once_is_enough_for_a_commit(state: str, commit: str, decided: bool) -> None:
    """A run on the host that answered this commit is the memory; one that changed nothing does not count."""
    host = snapshot(deploy=GUARDED, runs=(_run(state, commit, NOW - timedelta(hours=2)),))
    assert decide(DEPLOY, RUNS_NEW, host).rolls_back is decided


def test_what_has_changed_since_is_left_alone() -> None:
    """Somebody has rolled back by hand meanwhile: the deploy that failed is not what runs."""
    host = snapshot(deploy=GUARDED, runs=(_run("done", "", NOW - timedelta(minutes=5)),))
    assert decide(DEPLOY, RUNS_OLD, host).rolls_back is False


@pytest.mark.parametrize("state", ["refused", "prepared"])
def test_what_changed_nothing_since_does_not_count(state: str) -> None:
    """A run that was refused, or only prepared: the deploy that failed is what runs."""
    host = snapshot(deploy=GUARDED, runs=(_run(state, "", NOW - timedelta(minutes=5)),))
    assert decide(DEPLOY, RUNS_NEW, host).rolls_back is True


def test_a_rollback_sets_no_rollback_off() -> None:
    """Known by the deployment's task, or by a trailer in the commit's message; a message that quotes it is none."""
    assert made_by_a_rollback({"deployment": {"task": "rollback"}}, "")
    assert made_by_a_rollback({}, "back to 1.0\n\nHummii-Ops-Run: 20260115T103000Z-rollback-1a2b\n")
    assert made_by_a_rollback({"deployment": {"task": "deploy"}}, "say Hummii-Ops-Run: x in a trailer") is None


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"head_commit": {"id": SHA, "message": "one"}}, "one"),
        ({"workflow_run": {"head_commit": {"id": SHA, "message": "two"}}}, "two"),
        ({"head_commit": {"id": "other", "message": "one"}}, None),
        ({"head_commit": None, "workflow_run": None}, None),
        ({"head_commit": "x", "workflow_run": "x"}, None),
        ({"head_commit": {"id": SHA, "message": 3}}, None),
    ],
)
def test_the_message_of_the_commit_is_in_the_event(event: dict[str, Any], message: str | None) -> None:
    """Of that commit and no other; else it is asked for."""
    assert message_of(event, SHA) == message


def _run(state: str, commit: str, at: Any) -> RunFact:
    return RunFact(
        run_id="20260301T113000Z-rollback-1a2b",
        task="rollback",
        who="ci",
        reason="",
        since=at,
        from_release="1.1",
        to_release="1.0",
        from_identity="b" * 64,
        to_identity="a" * 64,
        state=state,
        state_at=at,
        outside=None,
        commit=commit,
    )
