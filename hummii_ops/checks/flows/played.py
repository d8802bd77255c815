"""What came of a flow: its verdict, the step that made it so, and each step's attempts and times. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hummii_ops.checks.client.timing import Timing
from hummii_ops.checks.verdict import Judged

Made = Literal["made", "refused", "unsent", "unknown"]
"""Of what a step makes: seen to be made; answered, and not made as it should be; never sent; who knows."""


DOWN = "api is down"


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """One step. `timing` is that of its slowest attempt; `median_ms` that of all that were answered."""

    name: str
    verdict: Judged
    reason: str = ""
    attempts: int = 0
    failures: int = 0
    median_ms: int | None = None
    limit_ms: float | None = None
    timing: Timing | None = None


@dataclass(frozen=True, kw_only=True)
class Played:
    """One flow. `step` is the step that it stopped at; `left` says what could not be taken away again."""

    flow: str
    verdict: Judged
    reason: str
    critical: bool = True
    step: str | None = None
    run_id: str = ""
    elapsed_s: float = 0.0
    steps: tuple[StepResult, ...] = ()
    limits: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def attempts(self) -> int:
        """How many times something was done."""
        return sum(step.attempts for step in self.steps)
