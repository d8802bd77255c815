"""Before and after: worse, better, the same, or not enough to tell. Pure. Decision 19.

Never calls a difference real by its size alone, nor relevant by its significance alone: it takes both. Significance
without size is `same`; size without significance is `inconclusive`, with how many values are still missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil, inf
from statistics import NormalDist
from typing import Any, Literal

from hummii_ops.checks.statistics.counts import difference_of_rates, fisher, holm
from hummii_ops.checks.statistics.ranks import rank_test, shift
from hummii_ops.checks.statistics.series import dependence, effective, median

Change = Literal["worse", "better", "same", "inconclusive"]

ALPHA = 0.01
CONFIDENCE = 1 - 2 * ALPHA  # of the intervals: they leave ALPHA on either side, as the tests do
LEAST_RATIO = 1.25
LEAST_POINTS = 30  # a side; docs/statistics.md says what 60 find
LEAST_RISE = 0.01  # of a rate: one point
_MOST_MISSING = 100_000


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`after` against `before`. Values in their own unit, rates 0 … 1; None where too few were seen.

    `before` and `after` are medians or rates; `ratio` is theirs, None where there was nothing before. `difference`
    lies between `low` and `high`. `n_effective`: what the values of both sides count for. `large`: a difference that
    matters. `least`: so many a side it takes to say `same`; `missing`: so many more on each side may tell.
    """

    verdict: Change
    n_before: int
    n_after: int
    n_effective: float
    before: float | None = None
    after: float | None = None
    ratio: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_worse: float = 1.0
    p_better: float = 1.0
    large: bool = False
    least: int = LEAST_POINTS
    missing: int = 0

    @property
    def p(self) -> float:
        """One-sided, of the direction to which it leans."""
        return min(self.p_worse, self.p_better)

    @property
    def significant(self) -> bool:
        """Is there a difference, whatever its size?"""
        return self.p < ALPHA

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"p": self.p, "significant": self.significant}


def compare(
    before: Sequence[float], after: Sequence[float], *, least_ratio: float = LEAST_RATIO, least_difference: float = 0.0
) -> Comparison:
    """Of latencies, or of anything of which more is worse, in the order of its time.

    `worse` takes medians in a ratio of `least_ratio` that lie `least_difference` apart. ValueError for a negative
    value, NaN and infinity.
    """
    if any(not 0 <= value < inf for value in (*before, *after)):
        raise ValueError("a value is negative or no number")
    if min(len(before), len(after)) < LEAST_POINTS:
        return _too_few(len(before), len(after))
    depends = dependence(before, after)
    test, moved = (
        rank_test(before, after, dependence=depends),
        shift(before, after, dependence=depends, confidence=CONFIDENCE),
    )
    was, now = median(before), median(after)
    apart = abs(now - was)
    return _decided(
        Comparison(
            verdict="same",
            n_before=len(before),
            n_after=len(after),
            n_effective=effective(len(before) + len(after), depends),
            before=was,
            after=now,
            ratio=now / was if was else None,
            difference=moved.estimate,
            low=moved.low,
            high=moved.high,
            p_worse=test.p_larger,
            p_better=test.p_smaller,
            large=apart > 0 and apart >= least_difference and max(was, now) >= least_ratio * min(was, now),
        )
    )


def compare_rates(
    failed_before: int, n_before: int, failed_after: int, n_after: int, *, least_rise: float = LEAST_RISE
) -> Comparison:
    """Of failures among requests. `same` takes as many as let no rise of `least_rise` hide: 3 / least_rise a side.

    ValueError for counts that cannot be.
    """
    exact = fisher(failed_before, n_before, failed_after, n_after)
    if min(n_before, n_after) < LEAST_POINTS:
        return _too_few(n_before, n_after)
    was, now = failed_before / n_before, failed_after / n_after
    low, high = difference_of_rates(failed_before, n_before, failed_after, n_after, confidence=CONFIDENCE)
    return _decided(
        Comparison(
            verdict="same",
            n_before=n_before,
            n_after=n_after,
            n_effective=float(n_before + n_after),
            before=was,
            after=now,
            ratio=now / was if was else None,
            difference=now - was,
            low=low,
            high=high,
            p_worse=exact.p_higher,
            p_better=exact.p_lower,
            large=abs(now - was) >= least_rise,
            least=max(LEAST_POINTS, ceil(3 / least_rise)),
        )
    )


def corrected(found: Mapping[str, Comparison]) -> dict[str, Comparison]:
    """Of many comparisons some look significant by chance: their p by Holm, and decided again."""
    asked = [name for name, one in found.items() if one.before is not None]
    worse = holm([found[name].p_worse for name in asked])
    better = holm([found[name].p_better for name in asked])
    again = {
        name: _decided(replace(found[name], p_worse=up, p_better=down))
        for name, up, down in zip(asked, worse, better, strict=True)
    }
    return {**found, **again}


def _too_few(n_before: int, n_after: int) -> Comparison:
    return Comparison(
        verdict="inconclusive",
        n_before=n_before,
        n_after=n_after,
        n_effective=float(n_before + n_after),
        missing=LEAST_POINTS - min(n_before, n_after),
    )


def _decided(seen: Comparison) -> Comparison:
    """Both gates: worse or better; none: the same, if enough was seen; one: see the module's first lines."""
    fewest = min(seen.n_before, seen.n_after)
    if seen.significant:
        leans: Change = "worse" if seen.p_worse < seen.p_better else "better"
        return replace(seen, verdict=leans if seen.large else "same", missing=0)
    if seen.large:
        return replace(seen, verdict="inconclusive", missing=_missing(fewest, seen.p))
    if fewest < seen.least:
        return replace(seen, verdict="inconclusive", missing=seen.least - fewest)
    return replace(seen, verdict="same", missing=0)


def _missing(n: int, p: float) -> int:
    """More of the same, until it is significant: z grows with the root of n."""
    z = NormalDist().inv_cdf(1 - p) if p < 0.5 else 0.0
    needed = n * (NormalDist().inv_cdf(1 - ALPHA) / z) ** 2 if z > 0 else inf
    return max(1, ceil(min(needed - n, _MOST_MISSING)))
