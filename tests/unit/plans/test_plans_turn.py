"""Where a host among several waits for its turn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_runs import a_plan

from hummii_ops.plans.plan import Plan
from hummii_ops.plans.turn import in_turn
from hummii_ops.steps import Effect, Step


def plan(*effects: Effect) -> Plan:
    steps = [
        Step(id=f"{effect}-{place}", title="a step", effect=effect, limit_s=5, holds=("x",), act=("x",))
        for place, effect in enumerate(effects)
    ]
    return a_plan(forward=tuple(steps), back=tuple(steps))


@pytest.mark.parametrize("change", [Effect.CHANGES, Effect.REPLACES])
def test_it_waits_before_its_first_change(change: Effect) -> None:
    """All that prepares comes before the gate, and nothing that changes; the way back never waits."""
    made = plan(Effect.READS, Effect.PREPARES, change, Effect.READS, Effect.CHANGES, Effect.RECORDS)
    waits = in_turn(made)
    assert [step.id for step in waits.forward][:5] == [
        "reads-0",
        "prepares-1",
        "turn",
        "still-as-planned",
        f"{change}-2",
    ]
    assert tuple(step for step in waits.forward if step.id not in ("turn", "still-as-planned")) == made.forward
    assert waits.back == made.back


def test_a_turn_that_never_comes_is_a_refusal() -> None:
    """The gate only reads, so that a failure there comes before the first change; silence says stop."""
    gate = in_turn(plan(Effect.CHANGES)).forward[0]
    assert gate.effect is Effect.READS
    assert gate.act[-1] == "stop"
    assert gate.holds == ("gate_says", "turn", "go")


def test_a_host_that_waited_is_looked_at_again() -> None:
    """Right after the gate, with the same facts as at the start; it only reads, so that a no is a refusal."""
    made = replace(plan(Effect.CHANGES), expect="file a -\n", expect_files=("a",))
    look = in_turn(made).forward[1]
    assert look.effect is Effect.READS
    assert look.holds == ("facts_are", "expect", "p", "/opt/p", "a")
    assert look.act[0] == "cannot"
