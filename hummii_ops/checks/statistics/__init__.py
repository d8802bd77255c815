"""Statistics of our own, small and without a library: what a job that rolls back need not install.

Never imported by what only rolls back. tests/unit/checks/ hold each against scipy; docs/statistics.md has what the
decision finds and how often it is wrong.
"""

from hummii_ops.checks.statistics.compare import (
    ALPHA,
    LEAST_POINTS,
    Change,
    Comparison,
    compare,
    compare_rates,
    corrected,
)
from hummii_ops.checks.statistics.counts import difference_of_rates, fisher, holm, most_hidden, wilson
from hummii_ops.checks.statistics.onset import ChangePoint, change_point
from hummii_ops.checks.statistics.ranks import RankTest, Shift, rank_test, shift
from hummii_ops.checks.statistics.sentence import sentence
from hummii_ops.checks.statistics.series import dependence, effective, median, quantile

__all__ = [
    "ALPHA",
    "LEAST_POINTS",
    "Change",
    "ChangePoint",
    "Comparison",
    "RankTest",
    "Shift",
    "change_point",
    "compare",
    "compare_rates",
    "corrected",
    "dependence",
    "difference_of_rates",
    "effective",
    "fisher",
    "holm",
    "median",
    "most_hidden",
    "quantile",
    "rank_test",
    "sentence",
    "shift",
    "wilson",
]
