"""A page of the procedure while it is gone through: its stages, what each one found, and the clock beside the budget.

Never judges: each stage brings its own verdict.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from hummii_ops.checks import Verdict
from hummii_ops.facts.amounts import span


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One heading of the page. `verdict` of what was found there; `elapsed_s` since the page was opened."""

    title: str
    verdict: Verdict
    found: tuple[str, ...]
    elapsed_s: float


def unheard(_stage: Stage) -> None:
    """For a page that nobody watches."""


@dataclass(kw_only=True)
class Page:
    """`budget_min`: how long the procedure says that a person needs, from and to. `tell` hears of each stage."""

    name: str
    title: str
    budget_min: tuple[int, int]
    tell: Callable[[Stage], None] = unheard
    clock: Callable[[], float] = time.monotonic
    stages: list[Stage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._opened = self.clock()

    def write(self, title: str, verdict: Verdict, found: Iterable[str]) -> None:
        """A stage has ended."""
        stage = Stage(title=title, verdict=verdict, found=tuple(found), elapsed_s=self.elapsed_s)
        self.stages.append(stage)
        self.tell(stage)

    @property
    def elapsed_s(self) -> float:
        return round(self.clock() - self._opened, 1)

    @property
    def against_budget(self) -> str:
        """The clock beside the procedure's own estimate."""
        least, most = self.budget_min
        late = "" if self.elapsed_s <= most * 60 else ": longer than that"
        return f"{span(self.elapsed_s)}; by hand the procedure reckons with {least} to {most} minutes{late}"

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {
            "scenario": self.name,
            "title": self.title,
            "elapsed_s": self.elapsed_s,
            "budget_s": [minutes * 60 for minutes in self.budget_min],
            "stages": [asdict(stage) | {"found": list(stage.found)} for stage in self.stages],
        }
