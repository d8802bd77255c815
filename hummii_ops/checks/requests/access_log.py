"""What the proxy's access log says of users' requests: how many, how long, how many failed. Counted on the host.

Requests of machines are not users': the health path, what the inventory ignores, and whatever hummii-ops asks itself.
Never judges by a few: fewer requests than the inventory wants are skipped, or inconclusive where they are required.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

from hummii_ops.checks.at_most import at_most, not_judged, unseen
from hummii_ops.checks.mask import shown
from hummii_ops.checks.verdict import Measurement
from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import frames, sensible
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.transport import LinkLost, Transport

SAMPLES = 300
_LIMIT_S = 90
_FEWEST_FAILED = 3  # one or two are an accident, not a rate
_MS = {"s": "1000", "ms": "1", "us": "0.001", "ns": "0.000001"}
_WORDS = re.compile(r"(code|n|failed|timed|ignored|p50|p95|p99|p100) (\d{1,15}(?:\.\d{1,15})?)")


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


def measure(transport: Transport, snapshot: Snapshot, environment: Environment) -> tuple[Measurement, ...]:
    """`requests.errors` and `requests.time`, of the time since the release, in one call."""
    return look(transport, snapshot, environment)[1]


def look(
    transport: Transport, snapshot: Snapshot, environment: Environment
) -> tuple[Requests | None, tuple[Measurement, ...]]:
    """The same, with what was counted; None where nothing could be."""
    seen = window(snapshot, environment)
    if isinstance(seen, str):
        return None, _neither(seen, environment)
    try:
        found = read(transport, seen, environment)
    except (LinkLost, Unreachable):
        reason = "could not look: the link was lost or the answer was cut while the log was read"
        names = ("requests.errors", "requests.time")
        return None, tuple(unseen(name, reason, source=source_of(seen)) for name in names)
    return None if found.trouble else found, judge(found, seen, environment)


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


def read(transport: Transport, seen: Window, environment: Environment) -> Requests:
    """Ask the host. Raises LinkLost, and Unreachable for an answer that was cut."""
    log = environment.access_log
    script = files("hummii_ops.checks.requests").joinpath("access_log.sh").read_text(encoding="utf-8")
    ranges = [f"{id_}:{seen.since.timestamp():.3f}:{seen.until.timestamp():.3f}" for _, id_ in seen.containers]
    ignored = [f"ignore:{path}" for path in log.ignore]
    said = transport.call(script, *head(environment), *ignored, *ranges, limit_s=_LIMIT_S)
    return parse(frames(said.stdout, host=transport.name).one("requests").text)


def head(environment: Environment) -> tuple[str, ...]:
    """The first words of access_log.sh: how the log is written."""
    log = environment.access_log
    return (log.format, log.status_key, log.time_key, _MS[log.time_unit], str(SAMPLES), environment.health.path)


@sensible
def parse(text: str) -> Requests:
    """What access_log.sh printed."""
    words = {m[1]: float(m[2]) for line in text.splitlines() if (m := _WORDS.fullmatch(line))}
    code = int(words.get("code", 127))
    said = " ".join(re.findall(r"^said (.+)$", text, flags=re.MULTILINE))
    kept = re.findall(r"^kept (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\S*Z$", text, flags=re.MULTILINE)
    return Requests(
        n=int(words.get("n", 0)),
        failed=int(words.get("failed", 0)),
        timed=int(words.get("timed", 0)),
        ignored=int(words.get("ignored", 0)),
        quantiles={share: words[f"p{share}"] for share in (50, 95, 99, 100)} if "p100" in words else None,
        samples=tuple(float(one) for one in re.findall(r"^sample ([\d.]+)$", text, flags=re.MULTILINE)),
        kept_from=max((datetime.fromisoformat(f"{one}+00:00") for one in kept), default=None),
        trouble=(shown(said) or f"docker logs ended with exit code {code}") if code else None,
    )


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


def _neither(reason: str, environment: Environment) -> tuple[Measurement, ...]:
    required = "requests" in environment.limits.required
    names = ("requests.errors", "requests.time")
    return tuple(not_judged(name, reason, source="docker logs", required=required) for name in names)


def source_of(seen: Window) -> str:
    """The command that shows the same lines."""
    since, until = (one.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for one in (seen.since, seen.until))
    return "; ".join(f"docker logs --since {since} --until {until} {name}" for name, _ in seen.containers)
