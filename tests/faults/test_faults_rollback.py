"""A rollback, struck: it ends in exactly the new or exactly the old state, and one command brings it there."""

from __future__ import annotations

import time

import pytest
from cases import Case
from harness import HOME, Stage
from reach import struck_at
from strikes import DEGRADED, DONE, MIXED, REFUSED, RESTORED, Struck

pytestmark = pytest.mark.faults

# How a run's last state shows as the exit code of those who watch it; each fault says which of them it may have.
SHOWN = {"done": (DONE, DEGRADED), "restored": (RESTORED,), "refused": (REFUSED,), "abandoned": (REFUSED,)}


def test_rollback_struck(case: Case, stage: Stage, table: list[dict[str, object]]) -> None:
    """Struck at this point, it ends by itself or by one resume or undo, in exactly one of two states."""
    began = time.monotonic()
    row = case.row
    table.append(row | {"ended": "FAILED", "seconds": 0.0})
    try:
        stage.set(small=case.fault.small)
        ended = _strike(case, stage, row)
        table[-1] = row | {"ended": ended}
    finally:
        table[-1]["seconds"] = round(time.monotonic() - began, 1)


def _strike(case: Case, stage: Stage, row: dict[str, object]) -> str:
    run, at = struck_at(case, stage, row)
    old, new = stage.old, stage.new  # as seen before this run began
    try:
        struck = case.fault.strike(stage, at, run)
    finally:
        if run.process.poll() is None:
            run.kill()
    stage.await_quiet()
    said = struck.rollback
    if said is not None:
        assert said.exit_code in _ends(case), f"exit {said.exit_code}\n{said.everything}"
    if stage.state() in SHOWN:
        _told_truly(stage, struck)
    else:
        row["by"] = case.by
        _end_by_hand(case, stage, at.run_id)
    if case.fault.name == "docker-killed" and stage.state() == "done" and not stage.runs():
        # Docker stopped what was proven a moment before, and keeps it so; what the run left can be taken back
        row["by"] = "undo"
        stage.laptop("colleague").fab("undo", "--yes", "--reason=docker crashed").ended(DONE)
        stage.becomes(old)
        return "old"
    is_new = stage.state() == "done"
    stage.becomes(new if is_new else old, limit_s=5 if is_new else 60)
    _nothing_is_left(stage, at.run_id)
    return "new" if is_new else "old"


def _ends(case: Case) -> frozenset[int]:
    """Exit codes that the rollback's own fab may have."""
    if case.list == "back" and DONE in case.fault.ends:
        return frozenset({RESTORED})
    return frozenset({REFUSED}) if case.list == "ready" else case.fault.ends


def _end_by_hand(case: Case, stage: Stage, run_id: str) -> None:
    """Status leads with the run and its two commands; one of them ends it; a second one has nothing to do."""
    began_as = stage.state()
    shown = stage.operator.fab("status", "--format=text").ended(DONE).stdout.splitlines()
    if began_as == "ready":
        assert not any("unfinished" in line for line in shown), shown
    else:
        assert run_id in shown[1], shown
        assert f"fab resume --run={run_id}" in shown[2], shown
        assert f"fab undo --run={run_id}" in shown[2], shown
    stage.laptop("colleague").fab(case.by, f"--run={run_id}", "--yes", "--reason=after a fault").ended(DONE)
    goes_on = began_as == "forward" and case.by == "resume"
    assert stage.state() in (["done"] if goes_on else ["restored", "abandoned"])
    stage.operator.fab("resume", f"--run={run_id}", "--yes", "--reason=once more").ended(REFUSED)


def _told_truly(stage: Stage, struck: Struck) -> None:
    """The run ended by itself: the exit codes of all who watched say how."""
    wanted, second = SHOWN[stage.state()], struck.second
    word = second.words[0] if second else ""
    if struck.rollback is not None:
        # one that ended while nothing was at work was told so, whatever a colleague made of it later
        interrupted = word == "resume" and struck.rollback.exit_code == MIXED
        assert interrupted or struck.rollback.exit_code in wanted, struck.rollback.everything
    if second is not None and word == "cancel":
        assert second.exit_code == (REFUSED if DONE in wanted else DONE), second.everything
    elif second is not None:
        assert second.exit_code in wanted, second.everything


def _nothing_is_left(stage: Stage, run_id: str) -> None:
    """No lease, no unfinished run; the journal can be read, and who attaches sees all of it."""
    status = stage.operator.fab("status").ended(DONE).document
    assert (status["lease"], status["unfinished"]) == (None, None)
    assert status["last_run"]["run_id"] == run_id
    # deploys are held, and what was left is marked, if and only if the run is done
    assert bool(status["hold"]) == (stage.state() == "done")
    assert status["release"]["goodness"] == "unknown"
    assert not stage.production.holds(f"[ -e {HOME}/lease ]")
    watched = stage.operator.fab("attach", f"--run={run_id}")
    assert watched.exit_code in SHOWN[stage.state()], watched.everything
    copy = stage.operator.mirror(run_id) / "journal.jsonl"
    assert copy.read_text() == stage.production.sh(f"cat {HOME}/runs/{run_id}/journal.jsonl") + "\n"
    assert stage.journal()
