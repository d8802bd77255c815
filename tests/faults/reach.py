"""Brings a run to the point at which a case strikes."""

from __future__ import annotations

from cases import Case
from harness import HOME, PassedBy, Reached, Stage
from lab_operator import Working


def struck_at(case: Case, stage: Stage, row: dict[str, object]) -> tuple[Working, Reached]:
    """A run that stands at the case's point. An act that was over before it could be frozen is caught earlier.

    On a host where its step holds already there is no act, as of one that waits for health: it is struck before then,
    and its row says so.
    """
    for after_s in (case.after_s, case.after_s / 4, 0.0, 0.0):
        point = str(row["point"])
        stage.ask(*(("forward", case.turn, "before") if case.turn else (case.list, case.step, point)), after_s)
        run = stage.operator.start(*stage.command)
        try:
            at = _turned(case, stage, run, point, after_s) if case.turn else stage.reached(run)
        except PassedBy:
            assert point != "before", "the run ended well, and never came to this step"
            row["point"] = "before"
        except BaseException:
            run.kill()
            raise
        else:
            if not at.late:
                return run, at
            stage.go()
            run.end()
        stage.set(small=case.fault.small)
    raise AssertionError("its act was over each time before it could be frozen: this case shows nothing")


def _turned(case: Case, stage: Stage, run: Working, point: str, after_s: float) -> Reached:
    """For a step back, everything is changed and not yet judged when the word to cancel arrives; then to its point."""
    at = stage.reached(run)
    if case.list == "back":
        stage.production.sh(f": >{HOME}/runs/{at.run_id}/cancel", user="deploy")
    stage.ask(case.list, case.step, point, after_s)
    stage.go()
    try:
        return stage.reached(run)
    except PassedBy:
        assert case.list != "back", "it was told to go back, and ended well"
        raise
