"""Our statistics say what scipy says; what is no sample is refused; what they cannot know they do not say."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from hummii_ops.checks.statistics import (
    change_point,
    compare,
    compare_rates,
    corrected,
    dependence,
    difference_of_rates,
    effective,
    fisher,
    holm,
    median,
    most_hidden,
    quantile,
    rank_test,
    sentence,
    shift,
    wilson,
)

NEAR = 1e-9
finite = st.floats(min_value=0, max_value=1e6, allow_nan=False)
tied = st.integers(min_value=0, max_value=5).map(float)
samples = st.one_of(st.lists(finite, min_size=1, max_size=60), st.lists(tied, min_size=1, max_size=60))


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


def test_it_takes_size_and_significance() -> None:
    """Real and too small: same. Large and not shown: inconclusive, with how many are missing. Both: worse."""
    chance = np.random.default_rng(3)
    before, after = chance.lognormal(4, 0.05, 300), chance.lognormal(4, 0.05, 300) * 1.1
    small = compare(before.tolist(), after.tolist())
    assert (small.verdict, small.significant, small.large) == ("same", True, False)
    assert compare(before.tolist(), after.tolist(), least_ratio=1.05).verdict == "worse"
    assert compare([4.0] * 60, [8.0] * 60, least_difference=20).verdict == "same"

    noisy = np.random.default_rng(8)
    wide = compare(noisy.lognormal(4, 1.5, 30).tolist(), (noisy.lognormal(4, 1.5, 30) * 1.5).tolist())
    assert (wide.verdict, wide.significant, wide.large) == ("inconclusive", False, True)
    assert wide.missing > 0


def test_the_missing_values_are_what_it_takes() -> None:
    """As many more of the same, and it is significant; far fewer, and it is not."""
    half = Random(0).sample([1.0] * 20 + [2.0] * 15, 35)
    other = Random(1).sample([1.0] * 15 + [2.0] * 20, 35)
    assert dependence(half, other) == 0
    found = compare(half, other, least_ratio=1.0)
    assert found.verdict == "inconclusive"
    times = (35 + found.missing) / 35
    up, down = math.ceil(times) + 1, math.floor(times / 2)
    assert rank_test(half * up, other * up).p_larger < 0.01
    assert rank_test(half * down, other * down).p_larger > 0.01


@pytest.mark.parametrize(("n", "m", "missing"), [(0, 0, 30), (29, 500, 1), (60, 10, 20)])
def test_under_30_nothing_is_decided(n: int, m: int, missing: int) -> None:
    """However clear it looks: inconclusive, with what is missing."""
    for found in (compare([1.0] * n, [9.0] * m), compare_rates(0, n, m, m)):
        assert (found.verdict, found.missing, found.p) == ("inconclusive", missing, 1.0)
        assert f"{missing} missing" in sentence(found)


def test_of_failures_few_requests_say_little() -> None:
    """1 % → 5 % is found in 500; 0 of 100 is not `the same`, 0 of 300 is; 60 of 100 failing needs no more."""
    assert compare_rates(5, 500, 25, 500).verdict == "worse"
    assert compare_rates(25, 500, 5, 500).verdict == "better"
    few = compare_rates(0, 100, 0, 100)
    assert (few.verdict, few.missing) == ("inconclusive", 200)
    assert compare_rates(0, 300, 0, 300).verdict == "same"
    assert compare_rates(0, 40, 24, 40).verdict == "worse"
    tiny = compare_rates(100, 1_000_000, 500, 1_000_000)
    assert (tiny.verdict, tiny.significant) == ("same", True)
    assert "at most 1.00%" in sentence(compare_rates(0, 300, 0, 300), unit="%")


def test_many_comparisons_are_corrected() -> None:
    """One that is significant alone is not among twenty; what is clear stays clear; what had too few stays so."""
    chance = np.random.default_rng(0)
    alone = compare_rates(2, 400, 12, 400)
    assert alone.verdict == "worse"
    clear = compare(chance.lognormal(4, 0.3, 60).tolist(), (chance.lognormal(4, 0.3, 60) * 3).tolist())
    few = compare([1.0], [1.0])
    others = {f"n{place}": compare_rates(5, 400, 5, 400) for place in range(20)}
    found = corrected({"alone": alone, "clear": clear, "few": few, **others})
    assert (found["alone"].verdict, found["clear"].verdict) == ("inconclusive", "worse")
    assert found["few"] == few
    assert corrected({}) == {}


@settings(deadline=None, max_examples=30)
@given(before=samples, after=samples)
def test_before_and_after_change_places(before: list[float], after: list[float]) -> None:
    """What is worse one way is better the other way; and every answer is a JSON document."""
    other = {"worse": "better", "better": "worse"}
    there, back = compare((before * 30)[:90], (after * 30)[:90]), compare((after * 30)[:90], (before * 30)[:90])
    assert back.verdict == other.get(there.verdict, there.verdict)
    json.dumps(there.as_json(), allow_nan=False)


def dependent(seed: int, *, depends: float, doubles_at: int = 120) -> list[float]:
    """120 log-normal values of an AR(1), doubled from a place on."""
    chance = np.random.default_rng(seed)
    state, values = chance.normal() * 0.35, []
    for place in range(120):
        values.append((2 if place >= doubles_at else 1) * 100 * math.exp(state))
        state = depends * state + math.sqrt(1 - depends**2) * chance.normal() * 0.35
    return values


@pytest.mark.parametrize("at", [30, 60, 90])
def test_a_change_is_found_where_it_is(at: int) -> None:
    """A doubling among 120 values (φ .6), 20 seeds: mostly within 3 places, seldom farther than 12 off."""
    found = [change_point(dependent(seed, depends=0.6, doubles_at=at)) for seed in range(20)]
    off = sorted(abs(one.place - at) for one in found if one)
    assert off[9] <= 3
    assert off[16] <= 12
    assert sum(one is not None and one.p <= 0.01 for one in found) >= 12
    assert change_point(dependent(1, depends=0.6)) == change_point(dependent(1, depends=0.6))


def test_no_change_is_seldom_called_one() -> None:
    """120 values (φ .6), 100 seeds: p below 0.01 in a few at most. Under 8 values, or all alike: no place at all."""
    found = [change_point(dependent(seed, depends=0.6)) for seed in range(100)]
    assert sum(one is not None and one.p < 0.01 for one in found) <= 7
    assert change_point([1.0] * 7) is change_point([1.0] * 50) is None


def test_a_comparison_in_words() -> None:
    """Both values, the ratio, where the difference lies, n, what n is worth, p."""
    ramp = [100.0 + place % 7 for place in range(60)]
    said = sentence(compare(ramp, [2 * value for value in ramp]), unit="ms")
    assert said.startswith("worse: 103 → 206 ms (×2.00; the difference is +1")
    assert "n 60 and 60 (worth " in said
    assert said.endswith("p < 0.0001")
    rates = sentence(compare_rates(5, 500, 25, 500), unit="%")
    assert rates.startswith("worse: 1.00% → 5.00% (×5.00; the difference is +")
    assert "points" in rates
