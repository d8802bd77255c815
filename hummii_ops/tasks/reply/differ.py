"""Hosts that do not all run the same release after a task: whether they differ, and how that is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hummii_ops.run.fleet import Part
from hummii_ops.run.outcome import Outcome
from hummii_ops.tasks.reply.meant import Beside


def differ(outcomes: Sequence[Outcome], beside: Sequence[Beside]) -> bool:
    """Are some hosts at the target, and others not?"""
    return len({one.state == "done" for one in outcomes} | {one.at_target for one in beside}) > 1


def differing(
    parts: Sequence[Part], outcomes: Sequence[Outcome], beside: Sequence[Beside]
) -> Iterator[tuple[str, str]]:
    """Where the target runs, what the hosts beside run, and the two ways to make all alike; each with its style."""
    plan, run_id = parts[0].plan, outcomes[0].run_id
    there = [one.host for one in outcomes if one.state == "done"] + [one.host for one in beside if one.at_target]
    others = [one.host for one in outcomes if one.state != "done"] + [one.host for one in beside if not one.at_target]
    yield f"the hosts differ: {plan.target.label} runs on {', '.join(there)} alone", "bold red"
    for one in beside:
        yield f"  {one.host}: runs {one.runs}; {run_id} had ended there before", ""
    yield f"  next: all as before: fab undo --run={run_id} --limit={','.join(there)}", ""
    yield f"  or all to {plan.target.label}: the same again with --limit={','.join(others)}", ""
