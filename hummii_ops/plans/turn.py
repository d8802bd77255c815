"""A plan for one host among several: it waits for its turn before its first change. A pure function.

A plan for one host alone never gets this gate.
"""

from __future__ import annotations

from dataclasses import replace

from hummii_ops.plans.plan import Plan
from hummii_ops.steps import Effect, gates


def in_turn(plan: Plan) -> Plan:
    """The same plan, with the gate between what prepares and the first step that changes or replaces.

    A host that waited is looked at again after it: someone may have changed it meanwhile.
    """
    changing = (step.effect in (Effect.CHANGES, Effect.REPLACES) for step in plan.forward)
    first = next((place for place, changes in enumerate(changing) if changes), len(plan.forward))
    again = gates.still_as_planned(plan.project, plan.project_dir, plan.expect_files)
    return replace(plan, forward=(*plan.forward[:first], gates.turn(), again, *plan.forward[first:]))
