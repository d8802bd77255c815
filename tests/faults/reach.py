"""Brings a run to the point at which a case strikes."""

from __future__ import annotations

from cases import Case
from harness import HOME, PassedBy, Reached, Stage
from lab_operator import Working


def struck_at(case: Case, stage: Stage) -> tuple[Working, Reached]:
    """A run that stands at the case's point. An act that was over before it could be frozen is caught earlier.

    Nor was there an act if the step held already, as one that waits for health does on a host that was slow before it.
    """
    first = ("forward", case.turn, "before") if case.turn else (case.list, case.step, case.point)
    for after_s in (case.after_s, case.after_s / 4, 0.0, 0.0):
        stage.ask(*first, after_s)
        run = stage.operator.start(*stage.command)
        try:
            at = _turned(case, stage, run) if case.turn else stage.reached(run)
        except PassedBy:
            stage.set(small=case.fault.small)
            continue
        except BaseException:
            run.kill()
            raise
        if not at.late:
            return run, at
        stage.go()
        run.end()
        stage.set(small=case.fault.small)
    raise AssertionError("there was no act to freeze, or it was over each time: this case shows nothing")


def _turned(case: Case, stage: Stage, run: Working) -> Reached:
    """For a step back, everything is changed and not yet judged when the word to cancel arrives; then to its point."""
    at = stage.reached(run)
    if case.list == "back":
        stage.production.sh(f": >{HOME}/runs/{at.run_id}/cancel", user="deploy")
    stage.ask(case.list, case.step, case.point, case.after_s)
    stage.go()
    return stage.reached(run)
