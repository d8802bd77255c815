"""Two samples are compared: what is different, by how much, since when, and what cannot be told."""

from __future__ import annotations

import json
import math
from random import Random

import numpy as np
import pytest
from drawn_samples import dependent, samples
from hypothesis import given, settings

from hummii_ops.checks.statistics import (
    change_point,
    compare,
    compare_rates,
    corrected,
    dependence,
    rank_test,
    sentence,
)


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
