"""What is compared: a series of times, or failures among requests, before and after; and what it passes of three gates.

    S  significant: there is a difference        E  effect: it is large enough to matter        L  limit: breached now

Never takes too few values for none: a gate that could not be asked is None.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from hummii_ops.checks.statistics import Comparison, compare, compare_rates, corrected, quantile, sentence


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values in the order of their time. `limit` is for the quantile `limit_at`; None: none is named. Less than
    `least_difference` apart, two medians are the same.

    `controls`: earlier windows of the same length, by name ("yesterday"): what the same time looked like without the
    release. `required` False: shown, and not counted among what must have data.
    """

    name: str
    unit: str
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()
    controls: tuple[tuple[str, tuple[float, ...]], ...] = ()
    limit: float | None = None
    limit_at: float = 0.95
    least_difference: float = 0.0
    required: bool = True

    def __post_init__(self) -> None:
        """ValueError for a negative value, NaN and infinity, in any window."""
        if not all(0 <= one < inf for values in self._windows() for one in values):
            raise ValueError(f"{self.name}: a value is negative or no number")

    def _windows(self) -> Iterable[tuple[float, ...]]:
        return (self.before, self.after, *(values for _, values in self.controls))


@dataclass(frozen=True, kw_only=True)
class Failures:
    """(failed, of how many) before and after. `limit` and `least_rise` are rates, 0 … 1."""

    name: str
    before: tuple[int, int] = (0, 0)
    after: tuple[int, int] = (0, 0)
    controls: tuple[tuple[str, tuple[int, int]], ...] = ()
    limit: float | None = None
    least_rise: float = 0.01
    required: bool = True

    def __post_init__(self) -> None:
        """ValueError for counts that cannot be."""
        if not all(0 <= failed <= n for failed, n in (self.before, self.after, *(seen for _, seen in self.controls))):
            raise ValueError(f"{self.name}: more failed than were asked")


@dataclass(frozen=True, kw_only=True)
class Gates:
    """One metric, judged. `seasonal`: not worse than each control; None: no control can tell."""

    name: str
    unit: str
    comparison: Comparison
    limit: float | None
    breached: bool | None
    breached_before: bool | None
    seasonal: bool | None
    required: bool

    @property
    def has_data(self) -> bool:
        return self.comparison.before is not None

    @property
    def degraded(self) -> bool:
        """S and E: worse than before."""
        return self.comparison.verdict == "worse"

    @property
    def only_one(self) -> str | None:
        """Which of S and E passed alone, towards the worse."""
        one = self.comparison
        if not self.has_data or one.p_worse > one.p_better or one.significant == one.large:
            return None
        return "significant" if one.significant else "large"

    def words(self) -> str:
        over = {True: ", over its limit", False: ", within its limit", None: ", no limit to judge by"}[self.breached]
        return f"{self.name} {sentence(self.comparison, unit=self.unit)}{over if self.has_data else ''}"


def judged(metrics: Iterable[Series | Failures]) -> tuple[Gates, ...]:
    """Every metric with its gates; p is corrected for how many there are."""
    named = {one.name: one for one in metrics}
    found = corrected({name: _compared(one) for name, one in named.items()})
    return tuple(_gates(one, found[name]) for name, one in named.items())


def compared_after(before: Iterable[Series | Failures], after: Iterable[Series | Failures]) -> dict[str, Comparison]:
    """What was `after` then against what is `after` now, by name: did a rollback change it?"""
    then, now = {one.name: one for one in before}, {one.name: one for one in after}
    found = {}
    for name in then.keys() & now.keys():
        was, is_ = then[name], now[name]
        if isinstance(was, Series) and isinstance(is_, Series):
            found[name] = compare(was.after, is_.after, least_difference=is_.least_difference)
        elif isinstance(was, Failures) and isinstance(is_, Failures):
            found[name] = compare_rates(*was.after, *is_.after, least_rise=is_.least_rise)
    return corrected(dict(sorted(found.items())))


def _compared(one: Series | Failures) -> Comparison:
    if isinstance(one, Series):
        return compare(one.before, one.after, least_difference=one.least_difference)
    return compare_rates(*one.before, *one.after, least_rise=one.least_rise)


def _gates(one: Series | Failures, found: Comparison) -> Gates:
    return Gates(
        name=one.name,
        unit=one.unit if isinstance(one, Series) else "%",
        comparison=found,
        limit=one.limit,
        breached=_breached(one, now=True),
        breached_before=_breached(one, now=False),
        seasonal=_seasonal(one),
        required=one.required,
    )


def _breached(one: Series | Failures, *, now: bool) -> bool | None:
    if one.limit is None:
        return None
    if isinstance(one, Series):
        values = one.after if now else one.before
        return quantile(sorted(values), one.limit_at) > one.limit if values else None
    failed, n = one.after if now else one.before
    return failed / n > one.limit if n else None


def _seasonal(one: Series | Failures) -> bool | None:
    if isinstance(one, Series):
        said = [compare(v, one.after, least_difference=one.least_difference).verdict for _, v in one.controls]
    else:
        said = [compare_rates(*counts, *one.after, least_rise=one.least_rise).verdict for _, counts in one.controls]
    told = [verdict for verdict in said if verdict != "inconclusive"]
    return all(verdict != "worse" for verdict in told) if told else None
