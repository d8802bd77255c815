"""Requests, before the release and since: of users, as the proxy's log tells, and our own. Turned into evidence; pure.

Never takes a window that holds two releases for the one before: what is compared ends when the release began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hummii_ops.checks.compared.baseline import Baseline
from hummii_ops.checks.compared.work import Work
from hummii_ops.checks.mask import shown
from hummii_ops.checks.requests.responses import limit_ms
from hummii_ops.checks.requests.user_requests import Requests, Window
from hummii_ops.checks.statistics import LEAST_POINTS, change_point
from hummii_ops.checks.verdict import Measurement
from hummii_ops.checks.would_help.evidence import Load, Previous
from hummii_ops.checks.would_help.metrics import Failures, Series
from hummii_ops.inventory import Environment

_BEFORE, _CONTROL = timedelta(minutes=30), timedelta(minutes=30)
CONTROLS = (("yesterday", timedelta(days=1)), ("last week", timedelta(days=7)))
_LEAST_MS = 20.0  # a smaller difference is nobody's trouble, whatever its ratio


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Users' requests in a window of the proxy's log."""

    window: Window
    requests: Requests

    @property
    def usable(self) -> bool:
        """Was the log read, and does it reach back to where the window begins?"""
        kept = self.requests.kept_from
        return self.requests.trouble is None and (kept is None or kept <= self.window.since)

    @property
    def rate(self) -> float:
        return self.requests.n / self.window.seconds if self.window.seconds else 0.0


def earlier_windows(now: Window, began_at: datetime, oldest: datetime) -> dict[str, Window]:
    """`before` the release, and the same time on earlier days, as far as the proxy's containers go back.

    A day on which the release ran already is no control.
    """
    found = {"before": replace(now, since=max(began_at - _BEFORE, oldest), until=began_at)}
    for name, ago in CONTROLS:
        found[name] = replace(now, since=now.until - ago - _CONTROL, until=now.until - ago)
    return {name: one for name, one in found.items() if oldest <= one.since < one.until <= began_at}


def metrics(
    now: Counted | None,
    earlier: Mapping[str, Counted],
    responses: Mapping[str, tuple[float, ...]],
    base: Baseline | None,
    environment: Environment,
) -> Iterator[Series | Failures]:
    """Users' requests, if the log tells of any; and our own questions, against the baseline."""
    limits = environment.limits
    usable = {name: one for name, one in earlier.items() if one.usable}
    has_users = now is not None and now.usable and now.requests.n > 0
    if now is not None and has_users:
        then = usable.get("before")
        controls = [(name, one.requests) for name, one in usable.items() if name != "before"]
        kept = base.samples if base else None
        yield Failures(
            name="requests.errors",
            before=_failed(then.requests) if then else (kept.failed, kept.counted) if kept else (0, 0),
            after=_failed(now.requests),
            controls=tuple((name, _failed(one)) for name, one in controls),
            limit=limits.errors_percent / 100,
        )
        yield Series(
            name="requests.time",
            unit="ms",
            before=then.requests.samples if then else kept.requests if kept else (),
            after=now.requests.samples,
            controls=tuple((name, one.samples) for name, one in controls),
            limit=limits.request_p95_ms,
            least_difference=_LEAST_MS,
            required=now.requests.timed > 0,
        )
    for path, times in sorted(responses.items()):
        yield Series(
            name=f"response{path}",
            unit="ms",
            before=base.samples.responses.get(path, ()) if base else (),
            after=times,
            limit=limit_ms(environment, path),
            least_difference=_LEAST_MS,
            required=not has_users,
        )


def _failed(seen: Requests) -> tuple[int, int]:
    return seen.failed, seen.n


def proven(
    previous: Previous | None, before: Counted | None, base: Baseline | None, environment: Environment
) -> Previous | None:
    """A release that nobody marked was healthy, if its users were served well until the next one began; or we were."""
    if previous is None or previous.healthy is not None or previous.why_none is not None:
        return previous
    proof = _answered(previous, base) or _served(previous, before, environment)
    return replace(previous, healthy=True, proof=proof) if proof else previous


def _answered(previous: Previous, base: Baseline | None) -> str:
    """A baseline holds good answers only."""
    answers = max((len(times) for times in base.samples.responses.values()), default=0) if base else 0
    if base is None or base.identity != previous.identity or answers < LEAST_POINTS:
        return ""
    return f"answered {answers} questions of ours well, {base.at:%Y-%m-%d %H:%M} UTC"


def _served(previous: Previous, before: Counted | None, environment: Environment) -> str:
    if not previous.directly or before is None or not before.usable or before.requests.n < LEAST_POINTS:
        return ""
    failed, n = _failed(before.requests)
    if failed / n > environment.limits.errors_percent / 100:
        return ""
    return f"served {n} requests in the {before.window.seconds / 60:.0f} min before it, of which {failed} failed"


def more_load(
    now: Counted | None, before: Counted | None, work_now: Work | None = None, base: Baseline | None = None
) -> Load | None:
    """Requests by second, and the api's CPU for each, as far as both were measured."""
    if now is None or before is None or not (now.usable and before.usable and before.requests.n and now.requests.n):
        return None
    then = base.samples.work if base else None
    return Load(
        rate_before=before.rate,
        rate_now=now.rate,
        cost_before=then.cpu_ms_each if then else None,
        cost_now=work_now.cpu_ms_each if work_now else None,
    )


def of_flows(played: Iterable[Measurement]) -> Iterator[Series | Failures]:
    """What our own customers met: too few to compare, enough for a limit. Not required: none may be allowed."""
    for one in played:
        if one.name.startswith("speed.") and isinstance(one.value, int | float) and isinstance(one.limit, int | float):
            yield Series(
                name=one.name,
                unit="ms",
                after=(float(one.value),),
                limit=float(one.limit),
                limit_at=0.5,
                required=False,
            )
        elif one.name.startswith("flow.") and one.verdict in ("pass", "fail"):
            n = one.samples or 1
            yield Failures(name=one.name, after=(int(one.verdict == "fail"), n), limit=0.0, required=False)


def failing_flows(played: Iterable[Measurement]) -> tuple[str, ...]:
    """What our own customers could not do, with the step and why; and what they had to wait for."""
    found = [one for one in played if one.verdict == "fail" and one.critical]
    return tuple(shown(f"{one.name}: {one.reason}") for one in found if one.name.startswith(("flow.", "speed.")))


def onset(now: Counted | None, before: Counted | None, began_at: datetime) -> datetime | None:
    """About when the requests became slower; None where the two windows do not meet at the release."""
    if now is None or before is None or not (now.usable and before.usable):
        return None
    first, second = before.requests.samples, now.requests.samples
    settling = now.window.since - began_at
    if not first or not second or settling > timedelta(minutes=5):
        return None
    found = change_point([*first, *second])
    if found is None:
        return None
    if found.place == len(first):
        return began_at
    within, place, n = (before.window, found.place, len(first))
    if found.place > len(first):
        within, place, n = (now.window, found.place - len(first), len(second))
    return within.since + place / n * (within.until - within.since)
