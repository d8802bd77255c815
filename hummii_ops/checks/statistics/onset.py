"""When did a series change? Pure.

Never takes what dependent values do by themselves for a change: what is shuffled to judge one are blocks, as long as
values depend on each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, sqrt
from random import Random

from hummii_ops.checks.statistics.ranks import checked, ranked
from hummii_ops.checks.statistics.series import dependence

_SHUFFLES = 999
_LEAST_POINTS = 8
_LEAST_BLOCKS = 8  # fewer can be shuffled in too few ways


@dataclass(frozen=True, kw_only=True)
class ChangePoint:
    """`place`: index of the first value after the change; `p`: how often chance alone makes one as large."""

    place: int
    p: float


def change_point(values: Sequence[float], *, seed: int = 0) -> ChangePoint | None:
    """Where a series changed most, by the CUSUM of its ranks; None for under 8 values, or all alike.

    The place is the better part of the answer; `p` is somewhat too small where values depend on each other
    (docs/statistics.md). The same values give the same answer: the shuffles come from `seed`. ValueError for NaN.
    """
    if len(values) < _LEAST_POINTS:
        return None
    checked(values)
    ranks, _ = ranked(values)
    place, height = _peak(ranks)
    if height == 0:
        return None
    # Of each side by itself: the change would count as dependence, and hide itself.
    depends = dependence(values[:place], values[place:])
    blocks = _blocks(ranks, min(ceil(2 * (1 + depends) / (1 - depends)), len(ranks) // _LEAST_BLOCKS))
    chance, as_large = Random(seed), 0  # noqa: S311 - a shuffle that anyone can repeat, no secret
    for _ in range(_SHUFFLES):
        chance.shuffle(blocks)
        as_large += _peak([rank for block in blocks for rank in block])[1] >= height
    return ChangePoint(place=place, p=(as_large + 1) / (_SHUFFLES + 1))


def _peak(ranks: Sequence[float]) -> tuple[int, float]:
    """(index after the largest sum, its height), each sum in units of what chance makes there.

    Without that the place is drawn to the middle. The outermost twentieth is not asked: there one value is enough.
    """
    n, middle = len(ranks), (len(ranks) + 1) / 2
    edge = max(2, n // 20)
    sums = enumerate(accumulate(rank - middle for rank in ranks), start=1)
    return max(
        ((place, abs(total) / sqrt(place * (n - place))) for place, total in sums if edge <= place <= n - edge),
        key=lambda found: found[1],
    )


def _blocks(ranks: Sequence[float], length: int) -> list[Sequence[float]]:
    return [ranks[start : start + length] for start in range(0, len(ranks), length)]
