"""One series in the order of its time: its quantiles, and how much one value tells of the next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log

MOST_DEPENDENCE = 0.95


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order, with linear interpolation between the two nearest. ValueError for none."""
    if not ordered:
        raise ValueError("there are no values to take a quantile of")
    position = (len(ordered) - 1) * share
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def median(values: Sequence[float]) -> float:
    """The middle of values in any order. ValueError for none."""
    return quantile(sorted(values), 0.5)


def dependence(*samples: Sequence[float]) -> float:
    """Mean autocorrelation at lag 1 of the logarithms, 0 … 0.95; of the values themselves where one has none."""
    logs = all(value > 0 for sample in samples for value in sample)
    found = [_lag_1([log(value) for value in sample] if logs else sample) for sample in samples]
    return min(max(sum(found) / len(found), 0.0), MOST_DEPENDENCE)


def effective(n: int, depends: float) -> float:
    """As how many independent values n dependent ones count."""
    return n * (1 - depends) / (1 + depends)


def _lag_1(values: Sequence[float]) -> float:
    if min(values) == max(values):  # rounding would make something of nothing
        return 0.0
    mean = sum(values) / len(values)
    off = [value - mean for value in values]
    spread = sum(one * one for one in off)
    return sum(one * two for one, two in pairwise(off)) / spread if spread else 0.0
