"""The cases on small hosts: every point of every step of every task once, and which fault strikes there by the seed.

A case is known by its number: the same seed draws the same list.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import small_plans
from small_strikes import BY_NAME, SmallFault

from hummii_ops.plans.plan import Plan

SEED = int(os.environ.get("HUMMII_FAULTS_SEED", "7"))
CASES = 520
POINTS = ("before", "intent", "middle", "effect", "result")
# Steps that hold already when nothing has struck: they have no act, and only two points.
HOLDS_ALREADY = frozenset(
    (
        *("room-is-left", "the-rest", "services-healthy", "answers-inside", "proven-compose", "proven-env", "proven"),
        *("proven-back-compose", "proven-back-env", "proven-back", "mark-as-before", "lift-hold", "mark-target-bad"),
        *("database-is-free", "copy-properties", "database-as-prepared", "schema-as-restored"),
        "database-serves",
    )
)
# On the way back the names of the images are as they were: those of the release that was left never moved.
HOLDS_ALREADY_BACK = HOLDS_ALREADY | {"return-images"}
# A run that is to go back is told so when all is changed and nothing is judged yet.
TURN = "settled"


@dataclass(frozen=True, kw_only=True)
class Point:
    """A moment of a run. `task`: what the laptop begins; `run`: which of its runs."""

    task: str
    run: str
    list: str
    step: str
    point: str
    has_changed: bool


@dataclass(frozen=True, kw_only=True)
class SmallCase:
    number: int
    at: Point
    fault: SmallFault
    by: str

    @property
    def id(self) -> str:
        at = self.at
        way = "" if at.list == "forward" else f"{at.list}-"
        return f"{self.number}-{self.fault.name}-{at.task}-{way}{at.step}-{at.point}-{self.by}"

    @property
    def starts_as(self) -> str:
        """The version that runs when it begins."""
        return "1.0" if self.at.task == "undo" else "1.1"

    @property
    def goes_to(self) -> str:
        return "1.1" if self.at.task == "undo" else "1.0"


def points() -> list[Point]:
    """All of them, in the order of the plans."""
    back, again = small_plans.Way(old="1.1", new="1.0"), small_plans.Way(old="1.0", new="1.1", undoes=True)
    rollback = small_plans.code("rollback", back, "")
    plans = (
        ("rollback", rollback),
        ("undo", small_plans.code("undo", again, "")),
        ("rollback-db", small_plans.prepared(back, "", {"sha256": "-", "rows": ""}, "-")),
        ("rollback-db", small_plans.swapped(back, "", "-")),
        ("page", small_plans.dumped(back, "")),
        ("page", rollback),
    )
    return [point for task, plan in plans for point in _of(task, plan)]


def _of(task: str, plan: Plan) -> Iterator[Point]:
    ways = (("forward", plan.forward, HOLDS_ALREADY), ("back", plan.back, HOLDS_ALREADY_BACK))
    for list_, steps, holding in ways:
        if list_ == "back" and task == "page":
            continue  # the way back of a rollback is struck in the task of that name
        changed = list_ == "back"
        for step in steps:
            changed = changed or step.effect in ("changes", "replaces")
            for point in ("before", "result") if step.id in holding else POINTS:
                yield Point(task=task, run=plan.task, list=list_, step=step.id, point=point, has_changed=changed)


def cases(seed: int = SEED, count: int = CASES) -> list[SmallCase]:
    """Each point once, then some again, until there are so many; faults evenly, resume and undo in turn."""
    random, found, used = Random(seed), points(), Counter[str]()
    random.shuffle(found)
    found = [*found, *random.sample(found, max(0, count - len(found)))]
    drawn = []
    for number, at in enumerate(found, start=1):
        fault = _least(random, used, [one for one in BY_NAME.values() if one.suits(at)])
        by = ("resume", "undo")[used[fault.name] % 2]
        used[fault.name] += 1
        drawn.append(SmallCase(number=number, at=at, fault=fault, by=by))
    return drawn


def _least(random: Random, used: Counter[str], faults: Sequence[SmallFault]) -> SmallFault:
    fewest = min(used[one.name] for one in faults)
    return random.choice([one for one in faults if used[one.name] == fewest])


def within(numbers: str) -> range:
    """`a-b` or `a` as a range of numbers; nothing said is all of them."""
    first, _, last = (numbers or "1-9999").partition("-")
    return range(int(first), int(last or first) + 1)


def sample(seed: int = SEED) -> list[SmallCase]:
    """For `make test`: one for each fault, the steps drawn by the seed."""
    found: dict[str, SmallCase] = {}
    for case in cases(seed):
        if case.at.task in ("rollback", "undo"):  # these are the shortest
            found.setdefault(case.fault.name, case)
    return list(found.values())
