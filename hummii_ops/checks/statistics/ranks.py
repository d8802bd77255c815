"""Two samples by their ranks: is one larger, by how much, how often? Pure, without a library.

Never assumes a shape: latencies have a long tail. `dependence` is how much one value tells of the next (0 … 0.95): it
widens the variance by (1 + dependence) / (1 - dependence), since dependent values are worth fewer.

Sources: Mann & Whitney 1947, with the corrections for ties and continuity; Hodges & Lehmann 1963.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, isfinite, sqrt
from statistics import NormalDist

from hummii_ops.checks.statistics.series import quantile

_MOST_PAIRED = 500  # of each side, for differences of every pair: a quarter of a million


@dataclass(frozen=True, kw_only=True)
class RankTest:
    """`u` counts the pairs in which the second value is larger (a tie is half); each p is one-sided."""

    u: float
    p_larger: float
    p_smaller: float
    z_larger: float
    z_smaller: float
    share_larger: float

    @property
    def cliffs_delta(self) -> float:
        """-1: always smaller, 0: neither, 1: always larger."""
        return 2 * self.share_larger - 1


@dataclass(frozen=True, kw_only=True)
class Shift:
    """By how much the second sample is larger, in its unit, with a confidence interval."""

    estimate: float
    low: float
    high: float


def rank_test(first: Sequence[float], second: Sequence[float], *, dependence: float = 0.0) -> RankTest:
    """Mann-Whitney. ValueError for an empty sample, NaN or infinity."""
    checked(first)
    checked(second)
    n, m = len(first), len(second)
    ranks, ties = ranked([*first, *second])
    u = sum(ranks[n:]) - m * (m + 1) / 2
    spread = _spread(n, m, ties, dependence)
    above, below = _z(u - n * m / 2, spread), _z(n * m / 2 - u, spread)
    return RankTest(
        u=u,
        p_larger=_tail(above),
        p_smaller=_tail(below),
        z_larger=above,
        z_smaller=below,
        share_larger=u / (n * m),
    )


def shift(
    first: Sequence[float], second: Sequence[float], *, dependence: float = 0.0, confidence: float = 0.98
) -> Shift:
    """Hodges-Lehmann: the median of all differences, and the two between which the true one lies."""
    checked(first)
    checked(second)
    n, m = len(first), len(second)
    pairs = sorted(two - one for one in _thinned(first) for two in _thinned(second))
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * _spread(n, m, 0, dependence) / (n * m)
    return Shift(
        estimate=quantile(pairs, 0.5),
        low=quantile(pairs, max(0.0, 0.5 - reach)),
        high=quantile(pairs, min(1.0, 0.5 + reach)),
    )


def ranked(values: Sequence[float]) -> tuple[list[float], int]:
    """The rank of each value, ties sharing the middle of theirs; and the sum of t³ - t over the ties."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, ties, start = [0.0] * len(values), 0, 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + end + 1) / 2
        ties += (end - start) ** 3 - (end - start)
        start = end
    return ranks, ties


def checked(values: Sequence[float]) -> None:
    """ValueError for what is no sample."""
    if not values:
        raise ValueError("the sample is empty")
    if not all(isfinite(value) for value in values):
        raise ValueError("the sample holds a value that is no number")


def _spread(n: int, m: int, ties: int, dependence: float) -> float:
    """Standard deviation of U where nothing differs."""
    both = n + m
    variance = n * m / 12 * (both + 1 - ties / (both * (both - 1)))
    return sqrt(max(variance, 0.0) * (1 + dependence) / (1 - dependence))


def _z(distance: float, spread: float) -> float:
    """Half a pair towards the middle: U comes in whole pairs. All values equal: nothing is larger."""
    return (distance - 0.5) / spread if spread else float("-inf")


def _tail(z: float) -> float:
    return erfc(z / sqrt(2)) / 2


def _thinned(values: Sequence[float]) -> list[float]:
    """The sample, or evenly spread values of a large one: they have the same distribution."""
    if len(values) <= _MOST_PAIRED:
        return list(values)
    ordered = sorted(values)
    return [quantile(ordered, (place + 0.5) / _MOST_PAIRED) for place in range(_MOST_PAIRED)]
