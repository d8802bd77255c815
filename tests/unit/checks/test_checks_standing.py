"""What outvotes green services: somebody at work, a run that has not ended, a mark."""

from __future__ import annotations

from typing import Any

import pytest
from built_snapshots import COMPOSE_SHA256, NOW, REFS, image_id, run, snapshot

from hummii_ops.checks import exit_code_of, worst
from hummii_ops.checks.stack import standing
from hummii_ops.errors import ExitCode
from hummii_ops.facts.release import identity
from hummii_ops.facts.snapshot import Mark, Process, Snapshot

IDENTITY = identity(COMPOSE_SHA256, {name: image_id(ref) for name, ref in REFS.items()})
DEPLOY = Process(pid=7, ppid=1, user="ops", age_s=3, args="./deploy.sh")


def marked(word: Any) -> Snapshot:
    mark = Mark(identity=IDENTITY, mark=word, who="a@b", reason="loses orders", since=NOW, run="")
    return snapshot(marks={IDENTITY: mark})


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (snapshot(busy=True), "fab attach"),
        (snapshot(at_work=(DEPLOY,)), "pid 7 of ops"),
        (snapshot(runs=(run(state="mixed", at=NOW),)), "fab undo --run="),
    ],
)
def test_nothing_passes_while_the_stack_may_change(seen: Snapshot, said: str) -> None:
    """A run or a deploy at work in either read, or a run that has not ended: inconclusive (10), with what to do."""
    for reads in ((seen, seen), (snapshot(), seen)):
        found = standing.quiet(*reads)
        assert found.verdict == "inconclusive"
        assert said in found.reason
        assert exit_code_of(worst([found])) is ExitCode.INCONCLUSIVE
    assert standing.quiet(snapshot(), snapshot()).verdict == "pass"


def test_what_was_at_work_between_the_two_reads_counts() -> None:
    """It ended meanwhile: what was measured may still be of both states."""
    assert standing.quiet(snapshot(busy=True), snapshot()).verdict == "inconclusive"


def test_a_release_that_is_marked_bad_fails_with_who_and_why() -> None:
    """Bad is 7, whatever else was seen, and the way to lift it is named; good passes; no mark is skipped."""
    bad = standing.mark(marked("bad"))
    assert exit_code_of(worst([bad])) is ExitCode.DEGRADED
    assert "a@b: loses orders" in bad.reason
    assert "fab mark --good" in bad.reason
    assert standing.mark(marked("good")).verdict == "pass"
    assert standing.mark(snapshot()).verdict == "skipped"


def test_hosts_that_run_different_releases_fail() -> None:
    """Each may be well by itself: together they are 7, with which runs what; what cannot be read is no pass."""
    differ = standing.alike({"h-1": "1.0", "h-2": "1.1", "h-3": None})
    assert exit_code_of(worst([differ])) is ExitCode.DEGRADED
    assert "h-1 runs 1.0, h-2 runs 1.1" in differ.reason
    assert standing.alike({"h-1": "1.0", "h-2": "1.0"}).verdict == "pass"
    assert standing.alike({"h-1": "1.0", "h-2": None}).verdict == "skipped"
