"""A rollback of one host, as its plan and its end: for tests that care about one thing of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.run.outcome import Outcome, StepResult


def a_state(label: str = "-", **told: Any) -> StackState:
    """A stack of which nothing is known but its version."""
    return replace(StackState(label=label, identity=None, files={}, modes={}, services=()), **told)


def a_plan(**told: Any) -> Plan:
    """A rollback of the host h that does nothing, but for what is told."""
    nothing = Plan(
        task="rollback",
        environment="e",
        host="h",
        project="p",
        project_dir="/opt/p",
        left=a_state(),
        target=a_state(),
        forward=(),
        back=(),
        expect="",
        expect_files=(),
    )
    return replace(nothing, **told)


def a_step_result(**told: Any) -> StepResult:
    """A step forward on the host h that was done, but for what is told."""
    done = StepResult(
        id="a-step",
        title="a step",
        list="forward",
        host="h",
        outcome="done",
        reason=None,
        started_at=None,
        elapsed_s=None,
    )
    return replace(done, **told)


def an_outcome(**told: Any) -> Outcome:
    """A run on the host h that is done, without a step, but for what is told."""
    done = Outcome(
        run_id="20260101T000000Z-rollback-aaaa",
        host="h",
        state="done",
        steps=(),
        outside=None,
        by_default=False,
        cancelled=False,
        outage_s=0.0,
        outage_reason=None,
        began_at=None,
        ended_at=None,
    )
    return replace(done, **told)
