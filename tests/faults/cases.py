"""Which fault strikes where: a fixed sample, or with HUMMII_FAULTS=all every fault at every step of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random

from database import FAULTS as DATABASE_FAULTS
from known_steps import FIRST_DATABASE, KnownStep
from strikes import BY_NAME, FAULTS, Fault


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault at one point of one step. `after_s`: how long the act works before it is frozen.

    `turn`: for a step of the way back, the step of the way forward before which the run is sent back; for the look at
    the host with which a second run begins, a step of the first.
    """

    fault: Fault
    step: str
    point: str
    by: str = "resume"
    list: str = "forward"
    after_s: float = 0.2
    turn: str = ""
    number: int = 0

    @property
    def id(self) -> str:
        number = f"{self.number}-" if self.number else ""
        return f"{number}{self.fault.name}-at-{self.step}-{self.point}"

    @property
    def row(self) -> dict[str, object]:
        """How its row in the report begins."""
        about = {"number": self.number, "fault": self.fault.name, "step": self.step, "point": self.point}
        return {"on": "lab", "task": self.task, **about, "by": None}

    @property
    def task(self) -> str:
        return "rollback-db" if self.number >= FIRST_DATABASE else "rollback"


# The most telling ones: fault, step, point, and what ends a run that was interrupted.
_SAMPLE = (
    ("runner-killed", "restore-compose", "after", "undo"),
    ("runner-killed", "replace-api", "during", "resume"),
    ("host-killed", "replace-api", "during", "undo"),
    ("docker-restarted", "replace-api", "during", ""),
    ("laptop-killed", "settled", "before", ""),
    ("link-cut", "services-healthy", "before", ""),
    ("cancelled", "services-healthy", "before", ""),
)


def sample() -> Iterator[Case]:
    """The cases of `make test`."""
    for fault, step, point, by in _SAMPLE:
        yield Case(fault=BY_NAME[fault], step=step, point=point, by=by)


def everything(steps: list[KnownStep]) -> Iterator[Case]:
    """Every fault at every step of a rollback.

    A step that held already has no act to strike in: it is struck before. Resume and undo take turns.
    """
    forward = [one for one in steps if one.list == "forward"]
    yield Case(fault=BY_NAME["runner-killed"], step="as-planned", point="before", list="ready", by="cancel")
    for fault in FAULTS:
        for number, step in enumerate(forward):
            if fault.effects and step.effect not in fault.effects:
                continue
            points = [point for point in fault.points if point == "before" or step.acts]
            for turn, point in enumerate(points[:1] if fault.once else points):
                yield Case(
                    fault=fault,
                    step=step.id,
                    point=point,
                    by=("resume", "undo")[(number + turn) % 2],
                    after_s=_half(step.acts_s or 0),
                )
    changes = [n for n, step in enumerate(forward) if step.effect == "changes" and step.acts]
    judged = forward[changes[-1] + 1].id
    for number, step in enumerate(one for one in steps if one.list == "back"):
        for fault in (BY_NAME["runner-killed"], BY_NAME["host-killed"], BY_NAME["docker-restarted"]):
            by = ("resume", "undo")[number % 2]
            yield Case(fault=fault, step=step.id, point="before", list="back", by=by, turn=judged)


# A rollback of the database is two runs; a step belongs to one of them by its name.
_DATABASE_SAMPLE = (
    ("laptop-killed", "validate-side", "before", ""),
    ("postgres-killed", "restore-side", "during", "resume"),
    ("host-killed", "swap-database", "before", "resume"),
    ("runner-killed", "swap-database", "during", "undo"),
)


def database_sample() -> Iterator[Case]:
    """The cases of `make test`."""
    faults = {fault.name: fault for fault in DATABASE_FAULTS}
    for fault, step, point, by in _DATABASE_SAMPLE:
        yield Case(fault=faults[fault], step=step, point=point, by=by, after_s=0.1)


def database_everything(steps: list[KnownStep]) -> Iterator[Case]:
    """Every fault at every step of both runs that has an act."""
    for fault in DATABASE_FAULTS:
        for number, step in enumerate(steps):
            for turn, point in enumerate(fault.points):
                by, half = ("resume", "undo")[(number + turn) % 2], _half(step.acts_s or 0)
                yield Case(fault=fault, step=step.id, point=point, by=by, after_s=half)
    for fault in DATABASE_FAULTS[:3]:
        yield Case(fault=fault, step="as-planned", point="before", list="ready", turn="prepared")
        for by, step in (("resume", "back-stop-writers"), ("undo", "back-swap-database")):
            for point in ("before", "during"):
                yield Case(fault=fault, step=step, point=point, list="back", by=by, turn="schema-as-restored")


def numbered(cases: Iterable[Case], first: int) -> list[Case]:
    """Each with its number in the whole list."""
    return [replace(case, number=number) for number, case in enumerate(cases, start=first)]


def drawn(cases: list[Case], seed: int) -> list[Case]:
    """Of these as few as cover every fault and every step, by the seed."""
    left = Random(seed).sample(cases, len(cases))
    wanted = {element for case in cases for element in _covers(case)}
    found: list[Case] = []
    while wanted:
        best = max(left, key=lambda case: len(_covers(case) & wanted))
        found.append(best)
        wanted -= _covers(best)
    return sorted(found, key=lambda case: case.number)


def _covers(case: Case) -> set[tuple[str, str]]:
    return {("fault", case.fault.name), ("point", case.point), (case.list, case.step)}


def _half(elapsed_s: float) -> float:
    """The middle of an act; a short one is frozen as it begins."""
    return round(min(elapsed_s / 2, 1.0), 2) if elapsed_s > 0.3 else 0.0
