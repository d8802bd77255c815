"""Steps that wait for an answer from outside the host, with a deadline and a default."""

from __future__ import annotations

from collections.abc import Sequence

from hummii_ops.steps.step import Effect, Step

TURN = "turn"
# Without a word of the laptop that leads for so long, a host that waits stops; a lost link has that time to come back.
SILENCE_S = 60
# Nothing waits longer, whoever leads.
LONGEST_S = 3600


def still_as_planned(project: str, project_dir: str, files: Sequence[str]) -> Step:
    """After the turn, which may have been long in coming: nobody has changed the host meanwhile."""
    return Step(
        id="still-as-planned",
        title="the host is still as the plan saw it",
        effect=Effect.READS,
        limit_s=60,
        holds=("facts_are", "expect", project, project_dir, *files),
        act=("cannot", "the host has changed while it waited for its turn"),
    )


def turn() -> Step:
    """The gate of one host among several, before its first change: silence never begins one."""
    return Step(
        id=TURN,
        title="its turn: all hosts are prepared, those before it are done",
        effect=Effect.READS,
        limit_s=LONGEST_S,
        holds=("gate_says", "turn", "go"),
        act=("ask_gate", "turn", str(SILENCE_S), "stop"),
    )
