"""Failures among requests: do two rates differ, what rate may hide behind a count? Pure, without a library.

Never says that none failed where few were asked: no failure in n requests bounds the rate at 3 / n.

Sources: Fisher 1922; Wilson 1927; Holm 1979; Hanley & Lippman-Hand 1983 (3 / n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, hypot, lgamma, sqrt
from statistics import NormalDist

_ALIKE = 1 + 1e-7  # two tables as likely as each other differ by rounding


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Fisher's exact test: is the second rate higher, lower, different? Each a probability."""

    p_higher: float
    p_lower: float
    p_different: float


def fisher(failed_before: int, n_before: int, failed_after: int, n_after: int) -> Exact:
    """Exact for any n; ValueError for counts that cannot be."""
    _possible(failed_before, n_before)
    _possible(failed_after, n_after)
    failed, both = failed_before + failed_after, n_before + n_after
    least, most = max(0, failed - n_before), min(failed, n_after)
    whole = _log_choose(both, failed)
    chances = [
        exp(_log_choose(n_after, one) + _log_choose(n_before, failed - one) - whole) for one in range(least, most + 1)
    ]
    place = failed_after - least
    as_rare = (chance for chance in chances if chance <= chances[place] * _ALIKE)
    return Exact(
        p_higher=min(1.0, fsum(chances[place:])),
        p_lower=min(1.0, fsum(chances[: place + 1])),
        p_different=min(1.0, fsum(as_rare)),
    )


def wilson(failed: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Between which two rates the true one lies; all is possible where nothing was asked."""
    _possible(failed, n)
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, square = failed / n, z * z / n
    middle = (rate + square / 2) / (1 + square)
    reach = z / (1 + square) * sqrt(rate * (1 - rate) / n + square / (4 * n))
    return (0.0 if failed == 0 else middle - reach), (1.0 if failed == n else middle + reach)


def difference_of_rates(
    failed_before: int, n_before: int, failed_after: int, n_after: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Between which two values the rise of the rate lies (Newcombe 1998, from two Wilson intervals)."""
    was, now = failed_before / n_before, failed_after / n_after
    was_low, was_high = wilson(failed_before, n_before, confidence=confidence)
    now_low, now_high = wilson(failed_after, n_after, confidence=confidence)
    return now - was - hypot(now - now_low, was_high - was), now - was + hypot(now_high - now, was - was_low)


def most_hidden(n: int) -> float:
    """No failure in n requests: the rate is at most this, with 95 % confidence."""
    return min(1.0, 3 / n) if n > 0 else 1.0


def holm(chances: Sequence[float]) -> list[float]:
    """Each p as it counts when all of them were asked at once, in their order."""
    found, so_far = [0.0] * len(chances), 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        so_far = max(so_far, min(1.0, chances[place] * (len(chances) - rank)))
        found[place] = so_far
    return found


def _possible(failed: int, n: int) -> None:
    if not 0 <= failed <= n:
        raise ValueError(f"{failed} of {n} cannot have failed")


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
