"""Is it fast enough? A k6 summary, or samples of our own probe, against limits and against a run before. Pure.

Too few requests are inconclusive, and so is a rate whose interval holds the limit: neither is a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from hummii_ops.checks.compared import baseline
from hummii_ops.checks.statistics import LEAST_POINTS, compare, compare_rates, corrected, quantile, sentence, wilson
from hummii_ops.checks.verdict import Judged
from hummii_ops.inventory.predeploy import Predeploy
from hummii_ops.predeploy.gate import Gate, worst_of
from hummii_ops.transport.text import printable

_LEAST_MS = 20.0  # a smaller difference is nobody's trouble, whatever its ratio


class NoMeasurement(Exception):
    """It cannot be read as one; says why."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a load test measured. `times`: by path, in ms; empty where only p95 is known, as of k6."""

    kind: Literal["k6", "probe"]
    requests: int
    failed: int
    p95_ms: float | None
    times: Mapping[str, tuple[float, ...]]
    thresholds: Mapping[str, bool]  # those of k6: does each hold?


def parse(text: str, document: Any) -> Load:
    """A k6 summary (handleSummary's data, or --summary-export), or a baseline of ours. Raises NoMeasurement."""
    if isinstance(document, dict) and document.get("schema") == baseline.SCHEMA:
        kept = baseline.parse(text)
        if kept is None:
            raise NoMeasurement("it is a baseline of a form that is not known here")
        one = kept.samples
        return Load(
            kind="probe", requests=one.counted, failed=one.failed, p95_ms=None, times=one.responses, thresholds={}
        )
    try:
        return _k6(document["metrics"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoMeasurement(f"it is neither a k6 summary nor a baseline of ours ({error!r:.60})") from None


def _k6(metrics: Any) -> Load:
    duration, failed = _values(metrics["http_req_duration"]), _values(metrics["http_req_failed"])
    # of http_req_failed, `passes` counts those for which it is true that they failed
    bad, good = int(failed["passes"]), int(failed["fails"])
    thresholds = {
        f"{name} {text}": held["ok"] if isinstance(held, dict) else not held  # in --summary-export true means crossed
        for name, metric in metrics.items()
        for text, held in (metric.get("thresholds") or {}).items()
    }
    return Load(
        kind="k6",
        requests=bad + good,
        failed=bad,
        p95_ms=float(duration["p(95)"]),
        times={},
        thresholds=thresholds,
    )


def _values(metric: Any) -> Any:
    return metric.get("values", metric)


def judge(
    now: Load | NoMeasurement | None,
    before: Load | NoMeasurement | None,
    settings: Predeploy,
    *,
    file: str,
    age: timedelta,
) -> Gate:
    """The gate `performance`."""
    if now is None:
        return _gate("inconclusive", "no load test was given: --performance=FILE", "--performance")
    for one in (now, before):
        if isinstance(one, NoMeasurement):
            return _gate("error", str(one), file)
    assert isinstance(now, Load)  # noqa: S101  # what is not, was told above
    if age > timedelta(hours=settings.report_age_h):
        hours = age.total_seconds() / 3600
        return _gate("fail", f"it is {hours:.0f} h old; {settings.report_age_h:g} h is the most", file)
    judged = [*_limits(now, settings), *(_against(before, now) if isinstance(before, Load) else ())]
    verdict = worst_of(said for said, _ in judged)
    reason = f"{now.requests} requests, {now.failed} failed" if now.requests else "response times of our own probe"
    details = tuple(words for said, words in judged if said != "pass")
    return Gate(name="performance", verdict=verdict, reason=reason, source=file, details=details)


def _gate(verdict: Judged, reason: str, source: str) -> Gate:
    return Gate(name="performance", verdict=verdict, reason=printable(reason), source=source)


def _limits(now: Load, settings: Predeploy) -> list[tuple[Judged, str]]:
    found: list[tuple[Judged, str]] = []
    times = {path: quantile(values, 0.95) for path, values in now.times.items() if len(values) >= LEAST_POINTS}
    found += [
        ("inconclusive", f"{printable(path)}: {len(values)} answers; {LEAST_POINTS} are the least to judge by")
        for path, values in now.times.items()
        if len(values) < LEAST_POINTS
    ]
    if now.p95_ms is not None:
        few = now.requests < LEAST_POINTS
        found += [("inconclusive", f"{now.requests} requests; {LEAST_POINTS} are the least to judge by")] if few else []
        times |= {} if few else {"all requests": now.p95_ms}
    for what, p95 in times.items():
        slow = not p95 <= settings.p95_ms
        found.append(("fail" if slow else "pass", f"{printable(what)}: p95 {p95:.0f} ms; limit {settings.p95_ms:g} ms"))
    if now.requests:
        found.append(_rate(now, settings.errors_percent / 100))
    found += [("pass" if held else "fail", f"k6: {printable(text)}") for text, held in now.thresholds.items()]
    return found


def _rate(now: Load, limit: float) -> tuple[Judged, str]:
    """Failed: the rate is above the limit, whatever chance did; passed: it is below."""
    low, high = wilson(now.failed, now.requests)
    words = f"{now.failed} of {now.requests} failed: {100 * low:.2g} to {100 * high:.2g} %; limit {100 * limit:g} %"
    return ("fail" if low > limit else "pass" if high <= limit else "inconclusive"), words


def _against(before: Load, now: Load) -> list[tuple[Judged, str]]:
    """Worse than before, by both gates of our statistics; what cannot be told does not lower the verdict."""
    found = {
        path: compare(before.times[path], now.times[path], least_difference=_LEAST_MS)
        for path in sorted(set(before.times) & set(now.times))
    }
    if before.requests and now.requests:
        found["failed requests"] = compare_rates(before.failed, before.requests, now.failed, now.requests)
    return [
        ("fail" if one.verdict == "worse" else "pass", f"{printable(name)}: {sentence(one, unit=_unit(name))}")
        for name, one in corrected(found).items()
    ]


def _unit(name: str) -> str:
    return "%" if name == "failed requests" else "ms"


def age_of(at: datetime, now: datetime) -> timedelta:
    """How old a file is; one from the future is new."""
    return max(timedelta(0), now - at)
