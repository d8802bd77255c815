"""Small real steps, struck: by one resume or one undo, or by itself, a run ends in exactly one of two states."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import small_judge
from lab_name import own_lab
from lab_operator import Said, Working
from small_cases import SmallCase
from small_plans import DIR
from small_stage import HOME, SmallStage
from small_strikes import DONE, MIXED, REFUSED, Struck
from small_world import PointMissed, Reached, World

from lab import small
from lab.state import Lab

pytestmark = pytest.mark.faults


@pytest.fixture(scope="session")
def small_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallStage]:
    """A small host of this process alone."""
    lab = replace(Lab.here(), name=own_lab("small"))
    host = small.up(lab, say=lambda _line: None, ask=lambda _question: True)
    stage = SmallStage(lab=lab, host=host, folder=Path(tmp_path_factory.mktemp("small")))
    yield stage
    stage.close()
    small.down(lab)


def test_small_run_struck(small_case: SmallCase, small_stage: SmallStage, table: list[dict[str, object]]) -> None:
    """Struck at this point, it ends in exactly the new or exactly the old state, and nothing is lost or done twice."""
    case, began, at = small_case, time.monotonic(), small_case.at
    row: dict[str, object] = {
        "on": "small",
        "number": case.number,
        "task": at.task,
        "fault": case.fault.name,
        "step": at.step,
        "point": at.point,
        "by": case.by,
    }
    table.append(row | {"ended": "FAILED", "seconds": 0.0})
    try:
        table[-1]["ended"] = _strike(case, small_stage)
    finally:
        table[-1]["seconds"] = round(time.monotonic() - began, 1)


def _strike(case: SmallCase, stage: SmallStage) -> str:
    run, at = _stopped(case, stage)
    try:
        small_judge.struck_there(case, at)
        small_judge.no_secret(stage)
        struck = case.fault.strike(case, stage, at, run)
    finally:
        if run.process.poll() is None:
            run.kill()
    stage.await_quiet()
    seen = stage.see()
    small_judge.stands(case, stage, seen)
    _interrupted_there(struck, at, seen)
    if not struck.colleague:
        _said_truly(case, struck.said, seen)
    wanted = struck.colleague or _end(case, stage, seen)
    stage.await_quiet()
    small_judge.ended(case, stage, stage.see(), wanted)
    small_judge.no_secret(stage)
    return wanted


def _stopped(case: SmallCase, stage: SmallStage) -> tuple[Working, Reached]:
    """A run that stands at the case's point. What passed it before it could be frozen is tried again."""
    at, why = case.at, ""
    what = ("begin", f"--what={at.task}", "--yes", "--reason=1.1 is ill")
    for after_s in (0.02, 0.0, 0.0, 0.0, 0.0):
        stage.set(case.starts_as)
        first = (at.run, "forward", "settled", "before") if at.list == "back" else (at.run, at.list, at.step, at.point)
        stage.ask(*first, after_s)
        run = stage.laptop("laptop").start(*what)
        try:
            reached = stage.reached(run)
            if at.list == "back":
                stage.shell.run(f"install -o deploy -m 600 /dev/null {HOME}/runs/{reached.run.id}/cancel")
                stage.ask(at.run, at.list, at.step, at.point, after_s)
                stage.go()
                reached = stage.reached(run)
        except PointMissed as missed:
            why = str(missed)
            stage.await_quiet()
            continue
        except BaseException:
            run.kill()
            raise
        if not reached.late:
            return run, reached
        why = "its act was over before it could be frozen"
        stage.go()
        run.end()
        stage.await_quiet()
    raise AssertionError(f"never struck, so this case counts for nothing: {why}")


def _interrupted_there(struck: Struck, at: Reached, seen: World) -> None:
    """Of a runner that was killed the journal says nothing after the point."""
    (run,) = (one for one in seen.runs if one.id == at.run.id)
    if struck.interrupts:
        assert run.journal == at.run.journal, run.journal.removeprefix(at.run.journal)


def _said_truly(case: SmallCase, said: Said | None, seen: World) -> None:
    """The exit code is one that this fault may have, or says how the last run that began has ended."""
    if said is None:
        return
    last = [run for run in seen.runs if run.journal][-1]
    truly = small_judge.SHOWN.get(last.state, {MIXED}) | case.fault.ends
    if case.at.run == "backup-db" and case.fault.name == "docker-stopped" and last.state == "done":
        truly |= {REFUSED}  # the backup was through before docker went; what comes after it could not begin
    assert said.exit_code in truly, f"exit {said.exit_code}, and {last.id} is {last.state}\n{said.everything}"


def _end(case: SmallCase, stage: SmallStage, seen: World) -> str:
    """By hand where it did not end by itself; which of the two states must be there then."""
    colleague = stage.laptop("colleague")
    unfinished = [run for run in seen.runs if run.unfinished]
    if unfinished or seen.lease:
        named = [f"--run={run.id}" for run in unfinished]
        colleague.fab(case.by, *named, "--yes", "--reason=after a fault").ended(DONE)
        stage.await_quiet()
        forward = case.by == "resume" and all(run.state == "forward" for run in unfinished)
        return "new" if forward and case.at.run != "backup-db" else "old"
    ended = [run for run in seen.runs if run.journal][-1]
    if case.number % 3 == 0:  # of what has ended nothing is left to go on with
        colleague.fab("resume", f"--run={ended.id}", "--yes", "--reason=once more").ended(REFUSED)
    is_new = ended.state == "done" and "-backup-db-" not in ended.id
    if is_new and case.by == "undo" and case.at.task != "rollback-db":
        what = "rollback" if case.at.task == "undo" else "undo"
        colleague.fab("begin", f"--what={what}", "--yes", "--reason=not wanted").ended(DONE)
        return "old"
    return "new" if is_new else "old"


def test_the_plans_act_where_it_is_said(small_stage: SmallStage) -> None:
    """A run that nothing strikes acts at exactly those steps that the cases count as acting."""
    from small_cases import HOLDS_ALREADY, points

    small_stage.set("1.1")
    small_stage.laptop("laptop").fab("begin", "--what=rollback-db", "--yes", "--reason=x").ended(DONE)
    acted = {event["step"] for run in small_stage.runs() for event in run.events if event["ev"] == "done"} - {""}
    steps = {point.step for point in points() if (point.task, point.list) == ("rollback-db", "forward")}
    assert acted == steps - HOLDS_ALREADY
    assert small_stage.holds(f"[ ! -e {DIR}/filler ]")
