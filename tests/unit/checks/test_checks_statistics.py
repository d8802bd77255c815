"""Our statistics say what scipy says; what is no sample is refused; what they cannot know they do not say."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from drawn_samples import samples
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from hummii_ops.checks.statistics import (
    change_point,
    compare,
    compare_rates,
    dependence,
    difference_of_rates,
    effective,
    fisher,
    holm,
    median,
    most_hidden,
    quantile,
    rank_test,
    shift,
    wilson,
)

NEAR = 1e-9


@st.composite
def counts(draw: st.DrawFn, most: int = 2000) -> tuple[int, int]:
    n = draw(st.integers(min_value=0, max_value=most))
    return draw(st.integers(min_value=0, max_value=n)), n


@settings(deadline=None)
@given(first=samples, second=samples)
def test_mann_whitney_is_scipys(first: list[float], second: list[float]) -> None:
    """U and both p, with ties and continuity corrected, as scipy's asymptotic method has them."""
    assume(len(set(first + second)) > 1)
    ours = rank_test(first, second)
    larger = stats.mannwhitneyu(second, first, alternative="greater", method="asymptotic")
    smaller = stats.mannwhitneyu(second, first, alternative="less", method="asymptotic")
    assert ours.u == pytest.approx(larger.statistic, abs=NEAR)
    assert ours.p_larger == pytest.approx(larger.pvalue, abs=NEAR)
    assert ours.p_smaller == pytest.approx(smaller.pvalue, abs=NEAR)
    pairs = [(b > a) + (a == b) / 2 for a in first for b in second]
    assert ours.share_larger == pytest.approx(sum(pairs) / len(pairs), abs=NEAR)
    assert ours.cliffs_delta == pytest.approx(2 * ours.share_larger - 1, abs=NEAR)


@settings(deadline=None)
@given(first=samples, second=samples, depends=st.floats(min_value=0, max_value=0.95))
def test_dependent_values_count_for_less(first: list[float], second: list[float], depends: float) -> None:
    """z shrinks by the root of what the variance grows by, and never points the other way."""
    alone, dependent = rank_test(first, second), rank_test(first, second, dependence=depends)
    assume(math.isfinite(alone.z_larger))
    assert dependent.z_larger == pytest.approx(alone.z_larger / math.sqrt((1 + depends) / (1 - depends)), abs=NEAR)
    assert effective(60, 0.6) == pytest.approx(15)


@settings(deadline=None)
@given(first=samples, second=samples)
def test_the_shift_is_the_median_of_all_differences(first: list[float], second: list[float]) -> None:
    """Hodges-Lehmann as numpy computes it by brute force; the interval holds it."""
    found = shift(first, second)
    differences = np.subtract.outer(np.array(second), np.array(first)).ravel()
    assert found.estimate == pytest.approx(float(np.median(differences)), abs=1e-6)
    assert found.low <= found.estimate <= found.high


def test_the_interval_of_the_shift_holds_the_truth_as_often_as_it_says() -> None:
    """500 seeds of 40 values a side, apart by 10: at 95 % confidence about 95 % of the intervals hold 10."""
    held = 0
    for seed in range(500):
        chance = np.random.default_rng(seed)
        first, second = chance.lognormal(3, 0.5, 40), chance.lognormal(3, 0.5, 40) + 10
        found = shift(first.tolist(), second.tolist(), confidence=0.95)
        held += found.low <= 10 <= found.high
    assert 0.925 <= held / 500 <= 0.975


def test_a_large_sample_is_thinned_to_the_same_shift() -> None:
    """5,000 a side are not 25 million pairs, and the answer is the same."""
    chance = np.random.default_rng(1)
    first, second = chance.lognormal(3, 0.5, 5000), chance.lognormal(3, 0.5, 5000) + 10
    found = shift(first.tolist(), second.tolist())
    assert found.estimate == pytest.approx(float(np.median(second[:, None] - first[None, :])), abs=0.05)
    assert found.low < 10 < found.high


@settings(deadline=None)
@given(before=counts(), after=counts())
def test_fisher_is_scipys(before: tuple[int, int], after: tuple[int, int]) -> None:
    """All three p of the exact test."""
    ours = fisher(*before, *after)
    table = [[after[0], after[1] - after[0]], [before[0], before[1] - before[0]]]
    for p, alternative in ((ours.p_higher, "greater"), (ours.p_lower, "less"), (ours.p_different, "two-sided")):
        assert p == pytest.approx(stats.fisher_exact(table, alternative=alternative).pvalue, abs=NEAR)


@settings(deadline=None)
@given(count=counts(), confidence=st.sampled_from([0.9, 0.95, 0.98, 0.99]))
def test_wilson_is_scipys(count: tuple[int, int], confidence: float) -> None:
    """The interval of a rate; all is possible where nothing was asked."""
    failed, n = count
    if n == 0:
        assert wilson(failed, n) == (0.0, 1.0)
        return
    theirs = stats.binomtest(failed, n).proportion_ci(confidence, method="wilson")
    assert wilson(failed, n, confidence=confidence) == pytest.approx((theirs.low, theirs.high), abs=NEAR)


def test_the_rise_of_a_rate_lies_between_two_values() -> None:
    """Newcombe's own example: 56 of 70 against 48 of 80 differ by 0.0524 to 0.3339."""
    assert difference_of_rates(48, 80, 56, 70) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@settings(deadline=None)
@given(values=samples, share=st.floats(min_value=0, max_value=1))
def test_a_quantile_is_numpys(values: list[float], share: float) -> None:
    """Linear between the two nearest."""
    assert quantile(sorted(values), share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-9)
    assert median(values) == pytest.approx(float(np.median(values)), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(chances=st.lists(st.floats(min_value=0, max_value=1), max_size=12))
def test_holm_is_stricter_than_each_and_keeps_their_order(chances: list[float]) -> None:
    """Never below the p itself, never above Bonferroni's, in the same order; the worst keeps its own."""
    found = holm(chances)
    for p, adjusted in zip(chances, found, strict=True):
        assert p <= adjusted <= min(1.0, p * len(chances)) + NEAR
    ordered = [found[place] for place in sorted(range(len(chances)), key=chances.__getitem__)]
    assert all(one <= two for one, two in pairwise(ordered))
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_no_failure_bounds_the_rate() -> None:
    """0 of 100 is at most 3 %, and the truth is near (exactly: 1 - 0.05^(1/n)); 0 of 0 is at most everything."""
    assert most_hidden(100) == pytest.approx(0.03)
    assert most_hidden(0) == most_hidden(2) == 1.0
    for n in (20, 100, 1000):
        assert 1 - 0.05 ** (1 / n) <= most_hidden(n) <= 1.1 * (1 - 0.05 ** (1 / n))


def test_dependence_is_found() -> None:
    """Of a long AR(1) series it is the φ that made it; of a constant, or one that turns back each time, none."""
    chance = np.random.default_rng(1)
    state, values = 0.0, []
    for _ in range(20_000):
        state = 0.6 * state + 0.8 * chance.normal()
        values.append(math.exp(state))
    assert dependence(values) == pytest.approx(0.6, abs=0.02)
    assert dependence([1.0] * 50) == dependence([1.0]) == dependence([0.0, 1.0] * 20) == 0
    assert dependence([float(n) for n in range(1, 500)]) == 0.95


@pytest.mark.parametrize("bad", [[], [math.nan] * 40, [1.0] * 40 + [math.inf]])
def test_what_is_no_sample_is_refused(bad: list[float]) -> None:
    """Empty, NaN and infinity are never a number that looks like an answer."""
    for ask in (rank_test, shift):
        with pytest.raises(ValueError, match="sample"):
            ask(bad, [1.0])
        with pytest.raises(ValueError, match="sample"):
            ask([1.0], bad)
    if bad:
        with pytest.raises(ValueError, match="no number"):
            compare(bad, [1.0] * 40)
        with pytest.raises(ValueError, match="no number"):
            change_point(bad)
    with pytest.raises(ValueError, match="negative"):
        compare([-1.0] * 40, [1.0] * 40)
    for failed, n in ((2, 1), (-1, 5)):
        with pytest.raises(ValueError, match="cannot have failed"):
            compare_rates(failed, n, 0, 100)
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_one_value_and_constant_samples_are_samples() -> None:
    """No division by nothing: equal constants differ in nothing, different ones in all."""
    assert rank_test([1.0], [1.0]).p_larger == rank_test([1.0], [1.0]).p_smaller == 1
    assert rank_test([1.0], [2.0]).share_larger == 1
    assert compare([5.0] * 60, [5.0] * 60).verdict == "same"
    assert compare([5.0] * 60, [10.0] * 60).verdict == "worse"
    assert compare([10.0] * 60, [5.0] * 60).verdict == "better"
