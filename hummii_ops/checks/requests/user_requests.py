"""Users' requests, as they were counted: which time is looked at, and how many may fail or be slow. Pure.

Never judges by a few: fewer requests than the inventory wants are skipped, or inconclusive where they are required.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hummii_ops.checks.at_most import at_most, not_judged, unseen
from hummii_ops.checks.verdict import Measurement
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment

_FEWEST_FAILED = 3  # one or two are an accident, not a rate


@dataclass(frozen=True, kw_only=True)
class Window:
    """The containers whose log is read, by name and id, and the time of the host between which it is."""

    containers: tuple[tuple[str, str], ...]
    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        return max((self.until - self.since).total_seconds(), 0)


@dataclass(frozen=True, kw_only=True)
class Requests:
    """What was counted; times in milliseconds. `samples` are some of them, in order of time.

    `kept_from`: docker has thrown away what was before. `trouble`: its own words when it could not read the log.
    """

    n: int = 0
    failed: int = 0
    timed: int = 0
    ignored: int = 0
    quantiles: dict[int, float] | None = None
    samples: tuple[float, ...] = ()
    kept_from: datetime | None = None
    trouble: str | None = None


def window(snapshot: Snapshot, environment: Environment) -> Window | str:
    """What there is to look at, or why there is nothing.

    It begins when the release had time to start: a service that is being replaced is away, and its proxy says so.
    It ends with the snapshot, before our own questions.
    """
    if environment.proxy is None:
        return "the inventory names no proxy"
    proxies = [one for one in snapshot.service(environment.proxy.service) if one.started_at]
    if not proxies:
        return f"{environment.proxy.service} has no container"
    api = [one.started_at for one in snapshot.service(environment.version_service) if one.started_at]
    settled = max(api, default=snapshot.read_at) + timedelta(seconds=environment.health.settle_s)
    since = max(snapshot.read_at - timedelta(seconds=environment.limits.window_s), settled)
    if since >= snapshot.read_at:
        return f"the release has just started; its requests count from {environment.health.settle_s:g} s on"
    return Window(containers=tuple((one.name, one.id) for one in proxies), since=since, until=snapshot.read_at)


def judge(found: Requests, seen: Window, environment: Environment) -> tuple[Measurement, ...]:
    """The two measurements of what was counted."""
    if found.trouble:
        reason = f"could not read the proxy's log: {found.trouble}"
        return tuple(unseen(name, reason, source=source_of(seen)) for name in ("requests.errors", "requests.time"))
    cut = found.kept_from is not None and found.kept_from > seen.since
    window_s = round((seen.until - found.kept_from).total_seconds() if found.kept_from and cut else seen.seconds)
    note = "; docker has kept no more of the log" if cut else ""
    return (
        _errors(found, environment, source_of(seen), window_s, note),
        _time(found, environment, source_of(seen), window_s, note),
    )


def _errors(found: Requests, environment: Environment, source: str, window_s: float, note: str) -> Measurement:
    limits = environment.limits
    missing = limits.least_requests - found.n
    said = f"{found.failed} of {found.n} requests ended with 5xx{note}"
    share = 100 * found.failed / found.n if found.n else 0.0
    few = share > limits.errors_percent and found.failed < _FEWEST_FAILED
    if missing > 0 or few:
        why = f"{missing} more are needed" if missing > 0 else "too few to call it a rate"
        required = "requests" in limits.required
        return not_judged(
            "requests.errors",
            f"{said}; {why}",
            source=source,
            required=required,
            samples=found.n,
            window_s=window_s,
        )
    bound = "" if found.failed else f": less than {300 / found.n:.2g} % (95 % sure)"
    return at_most(
        "requests.errors",
        share,
        limits.errors_percent,
        unit="%",
        reason=said + bound,
        source=source,
        samples=found.n,
        window_s=window_s,
    )


def _time(found: Requests, environment: Environment, source: str, window_s: float, note: str) -> Measurement:
    limits = environment.limits
    missing = limits.least_requests - found.timed
    if found.quantiles is None or missing > 0:
        why = f"{found.timed} requests with a time; {max(missing, 1)} more are needed"
        if found.n and not found.timed:
            why = f"none of {found.n} requests has a time: its log_format needs $request_time"
        required = "requests" in limits.required
        return not_judged(
            "requests.time",
            why + note,
            source=source,
            required=required,
            samples=found.timed,
            window_s=window_s,
        )
    told = ", ".join(f"{'max' if share == 100 else f'p{share}'} {ms:.0f} ms" for share, ms in found.quantiles.items())
    return at_most(
        "requests.time",
        found.quantiles[95],
        limits.request_p95_ms,
        unit="ms",
        reason=told + note,
        source=source,
        samples=found.timed,
        window_s=window_s,
    )


def neither(reason: str, environment: Environment) -> tuple[Measurement, ...]:
    required = "requests" in environment.limits.required
    names = ("requests.errors", "requests.time")
    return tuple(not_judged(name, reason, source="docker logs", required=required) for name in names)


def source_of(seen: Window) -> str:
    """The command that shows the same lines."""
    since, until = (one.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for one in (seen.since, seen.until))
    return "; ".join(f"docker logs --since {since} --until {until} {name}" for name, _ in seen.containers)
