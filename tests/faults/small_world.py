"""What is seen of a small host from outside, as values: its world, its runs, and where one of them stands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run on the host, as its folder tells."""

    id: str
    state: str
    journal: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every line of the journal. One without an end was torn by a full disk; any other must be readable."""
        return [json.loads(line) for line in self.journal.splitlines() if line.endswith("}")]

    @property
    def unfinished(self) -> bool:
        return self.state in ("forward", "back", "mixed")


@dataclass(frozen=True, kw_only=True)
class World:
    """All that can be seen of a small host from outside of a run."""

    files: dict[str, str]
    services: dict[str, str]
    answer: str
    content: str
    databases: tuple[str, ...]
    lease: str
    busy: bool
    runs: tuple[Run, ...]
    acts: tuple[str, ...]

    def difference(self, other: World) -> str:
        """What a customer or an operator would find different, in words."""
        said = [
            f"{name}: {other.files.get(name, 'absent')}, not {self.files.get(name, 'absent')}"
            for name in sorted(self.files.keys() | other.files.keys())
            if self.files.get(name) != other.files.get(name)
        ]
        said += [
            f"{what}: {getattr(other, what)}, not {getattr(self, what)}"
            for what in ("services", "answer", "content")
            if getattr(self, what) != getattr(other, what)
        ]
        return "; ".join(said)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A run that stands at a point: process ids of its runner and of what holds it, and its journal there."""

    runner: int
    hand: int
    late: bool
    run: Run


class PointMissed(AssertionError):
    """The run went past the point, or never came to it: this try counts for nothing."""
