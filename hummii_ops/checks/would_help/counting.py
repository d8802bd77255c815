"""Who counts users' requests for the question whether a rollback would help: Prometheus if it knows, else the log.

Never compares the one with the other: an app and its proxy do not measure the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hummii_ops.checks.compared.baseline import Baseline
from hummii_ops.checks.requests import access_log, prometheus_counts, user_requests
from hummii_ops.checks.requests.user_requests import Requests, Window
from hummii_ops.checks.would_help import traffic
from hummii_ops.checks.would_help.evidence import Evidence
from hummii_ops.checks.would_help.traffic import Counted
from hummii_ops.errors import Unreachable
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.transport import LinkLost, Transport

T = TypeVar("T")
_LONGEST = timedelta(hours=1)  # since the release: what is longer ago says little of now
_EVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, kw_only=True)
class Counting:
    """`now` None: there is nothing to count. `trouble`: Prometheus was to be asked, and did not answer."""

    now: Window | None
    earlier: dict[str, Window]
    read: Callable[[Window], Requests | None]
    by_prometheus: bool = False
    trouble: str = ""

    def count(self, window: Window) -> Counted | None:
        found = looked(lambda: self.read(window))
        return Counted(window=window, requests=found) if found else None

    def unanswered(self, found: Counted | None) -> Iterator[str]:
        """Who did not answer, in words; Prometheus is not missed where the log told the same."""
        trouble = found.requests.trouble if found else None
        if trouble:
            who = "Prometheus" if self.by_prometheus else "the proxy's log"
            yield f"{who} ({trouble})"
        if self.trouble and (found is None or trouble):
            yield f"Prometheus ({self.trouble})"

    def baseline(self, kept: Baseline | None) -> Baseline | None:
        """What of a baseline can be compared: its requests are those of the proxy's log."""
        if kept is None or not self.by_prometheus:
            return kept
        return replace(kept, samples=replace(kept.samples, requests=(), counted=0, failed=0))


def chosen(seen: Evidence, transport: Transport, snapshot: Snapshot, environment: Environment) -> Counting:
    """Prometheus where it is configured and knows of requests since the release; else the log."""
    log = _log(seen, transport, snapshot, environment)
    server, since = environment.prometheus, _settled(seen, snapshot, environment)
    if server is None or since is None or seen.began_at is None or since >= snapshot.read_at:
        return log
    now = Window(containers=(), since=since, until=snapshot.read_at)
    found = looked(lambda: prometheus_counts.count(transport, server, now))

    def read(window: Window) -> Requests | None:
        return found if window == now else prometheus_counts.count(transport, server, window)

    if found is None or found.trouble or not found.n:
        return replace(log, trouble=found.trouble or "" if found else "")
    earlier = traffic.earlier_windows(now, seen.began_at, _EVER)
    return Counting(now=now, earlier=earlier, read=read, by_prometheus=True)


def _log(seen: Evidence, transport: Transport, snapshot: Snapshot, environment: Environment) -> Counting:
    """Since the release, and before it, as far as the proxy's containers go back."""

    def read(window: Window) -> Requests | None:
        return access_log.read(transport, window, environment)

    found, since = user_requests.window(snapshot, environment), _settled(seen, snapshot, environment)
    if isinstance(found, str) or since is None or seen.began_at is None or environment.proxy is None:
        return Counting(now=None, earlier={}, read=read)
    proxies = snapshot.service(environment.proxy.service)
    oldest = max((one.created_at for one in proxies), default=snapshot.read_at)
    now = replace(found, since=since)
    return Counting(now=now, earlier=traffic.earlier_windows(now, seen.began_at, oldest), read=read)


def _settled(seen: Evidence, snapshot: Snapshot, environment: Environment) -> datetime | None:
    """From when on the release's requests count."""
    if seen.began_at is None:
        return None
    started = [one.started_at for one in snapshot.service(environment.version_service) if one.started_at]
    settled = max(started, default=seen.began_at) + timedelta(seconds=environment.health.settle_s)
    return max(settled, snapshot.read_at - _LONGEST)


def looked(look: Callable[[], T]) -> T | None:
    """None where the link was lost: it was not looked at."""
    try:
        return look()
    except (LinkLost, Unreachable):
        return None
