"""Watching a deploy: what confirms an illness, and when it may be rolled back without a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import facts_stacks as stacks
import pytest

from hummii_ops.checks.would_help import Helps
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.facts.snapshot import Process, Snapshot
from hummii_ops.scenarios.deploy_watch import DeployWatch, Opinion, Policy, acted_before, at_work, decide, running_on
from hummii_ops.scenarios.watch import Look

BEGAN = stacks.NOW


def looked(sign: str, at: datetime) -> Look:
    if sign == "!":
        return Look(at=at, why="no route")
    return Look(at=at, ill=("requests.errors",) if sign == "x" else (), unknown=("oom",) if sign == "?" else ())


def seen(signs: str, *, confirm: int = 3, settle_s: float = 20) -> list[str]:
    """A look each ten seconds: `.` good, `x` ill, `?` undecided, `!` not made; `D` while a deploy is at work."""
    watch = DeployWatch(confirm=confirm, settle_s=settle_s)
    return [
        watch.see(looked(sign, BEGAN + timedelta(seconds=10 * number)), "a", at_work=sign == "D")
        for number, sign in enumerate(signs)
    ]


@pytest.mark.parametrize(
    ("signs", "end"),
    [
        ("....", ["settling", "settling", "well", "well"]),
        ("xxxx", ["settling", "settling", "ill", "ill"]),
        ("xxxxx", ["settling", "settling", "ill", "ill", "breach"]),
        ("..xx.xx", ["settling", "settling", "ill", "ill", "well", "ill", "ill"]),
        ("..xx?x", ["settling", "settling", "ill", "ill", "unknown", "breach"]),
        ("..xx!x", ["settling", "settling", "ill", "ill", "unseen", "breach"]),
        ("..xxDxxx", ["settling", "settling", "ill", "ill", "settling", "settling", "ill", "ill"]),
        ("!!", ["unseen", "unseen"]),
    ],
)
def test_an_illness_is_confirmed_by_looks_in_a_row(signs: str, end: list[str]) -> None:
    """After the settle window; a good look ends the row; one that tells nothing neither counts nor absolves."""
    assert seen(signs) == end


def test_another_deploy_begins_anew() -> None:
    """What was ill before it says nothing of it, and it has its own settle window."""
    watch = DeployWatch(confirm=2, settle_s=15)
    said = [
        watch.see(looked("x", BEGAN + timedelta(seconds=10 * number)), running, at_work=False)
        for number, running in enumerate("aaabbbb")
    ]
    assert said == ["settling", "settling", "ill", "settling", "settling", "ill", "breach"]


def test_what_runs_is_told_by_containers() -> None:
    """A deploy of the same image is another one; another service's container is not."""
    first = stacks.snapshot()
    again = stacks.container("api", "hummii-api:1.1", created=BEGAN)
    second = stacks.snapshot(containers=(again, stacks.container("redis", "hummii-redis:7", created=BEGAN)))
    redis = stacks.container("redis", "hummii-redis:7", created=BEGAN)
    third = stacks.snapshot(containers=(stacks.container("api", "hummii-api:1.1"), redis))
    names = [running_on([one], "api") for one in (first, second, third)]
    assert (names[0] != names[1], names[0] == names[2]) == (True, True)
    deploy = Process(pid=7, ppid=1, user="deploy", age_s=3, args="deploy.sh", cwd=None)
    assert [at_work([one]) for one in (first, replace(first, at_work=(deploy,)), replace(first, busy=True))] == [
        False,
        True,
        True,
    ]


def run(task: str = "rollback", state: str = "done", *, left: str = "", at: datetime = stacks.DEPLOYED) -> RunFact:
    return RunFact(
        run_id="20260228T110000Z-rollback-abcd",
        task=task,
        who="",
        reason="",
        since=at,
        from_release="1.1",
        to_release="1.0",
        from_identity=left,
        to_identity="",
        state=state,
        state_at=at - timedelta(minutes=1),
        outside=None,
    )


RUNS = running_identity(stacks.snapshot())
assert RUNS


@pytest.mark.parametrize(
    ("runs", "acted"),
    [
        ((), False),
        ((run(left=RUNS),), True),
        ((run(left=RUNS, state="restored"),), True),
        ((run(left=RUNS, state="ready"),), False),
        ((run("undo", left=RUNS),), False),
        ((run(left="another"),), False),
        ((run(left="another", at=stacks.NOW),), True),
    ],
)
def test_the_host_tells_whether_it_was_done_before(runs: Sequence[RunFact], acted: bool) -> None:
    """A rollback left this release, whoever made it; or one put it there, and nothing was deployed since."""
    assert (acted_before(stacks.snapshot(runs=tuple(runs))) is not None) == acted


def opinion(helps: Helps = "yes", **otherwise: Any) -> Opinion:
    fields: dict[str, Any] = {"because": "worse since", "next_command": "fab rollback --latest", "schema_fits": True}
    return Opinion(host="lab-1", helps=helps, **(fields | otherwise))


@pytest.mark.parametrize(
    ("policy", "opinions", "runs", "do", "why"),
    [
        ("auto", [opinion()], (), "roll-back", "worse since"),
        ("ask", [opinion()], (), "ask", "worse since"),
        ("never", [opinion()], (), "person", "a rollback would help"),
        ("auto", [opinion("no")], (), "person", "not shown that a rollback would help"),
        ("auto", [opinion("unknown")], (), "person", "not shown that a rollback would help"),
        ("auto", [opinion("no"), opinion()], (), "roll-back", "worse since"),
        ("auto", [opinion(schema_fits=False)], (), "person", "not known to fit the database"),
        ("auto", [opinion("no", schema_fits=False), opinion()], (), "person", "not known to fit the database"),
        ("auto", [opinion()], (run(left=RUNS or ""),), "person", "never twice by itself"),
    ],
)
def test_when_it_is_rolled_back(
    policy: Policy, opinions: list[Opinion], runs: tuple[RunFact, ...], do: str, why: str
) -> None:
    """Only where the table says that it helps, the older code fits, it was not done before, and the policy is auto."""
    snapshot: Snapshot = stacks.snapshot(runs=runs)
    decision = decide(policy, opinions, [snapshot])
    assert (decision.do, why in decision.why, bool(decision.next_command)) == (do, True, True), decision
