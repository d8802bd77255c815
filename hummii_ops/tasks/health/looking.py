"""What fab verify sees of one host: two reads of it; beside them logs, outside, user flows, and performance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

from hummii_ops.checks import Measurement
from hummii_ops.checks.logs import excerpts, logs
from hummii_ops.checks.stack import dependent, health, recorded, services, standing
from hummii_ops.checks.stack.outside import Looked, health_url, look
from hummii_ops.errors import Refused
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.health.flow_look import FlowLook, look_at_flows
from hummii_ops.tasks.health.look_times import LookTimes, unheard


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was measured on one host; `snapshot` is the last read of it. `notes` judge nothing."""

    site: Site
    snapshot: Snapshot
    measurements: tuple[Measurement, ...]
    notes: tuple[str, ...] = ()
    marked: bool = False
    elapsed_s: Mapping[str, float] = field(default_factory=dict)


def see(
    site: Site, *, settle_s: float, left: Event, flows: bool = True, hear: Callable[[str, float], None] = unheard
) -> Seen:
    """Measure one host: two reads of it, and beside them its logs, a look from outside, user flows and performance.

    `flows` False: none is played. `left` ends the wait between the reads. `hear` is told the name and the seconds of
    each look that has ended. Raises what `Site.snapshot` raises for the first read: then nothing was seen.
    """
    times = LookTimes(hear=hear)
    environment, first = site.environment, times.timed("first read", site.snapshot)
    service, version_field, patterns = (
        environment.version_service,
        environment.health.version_field,
        environment.logs.critical,
    )
    version = health.running_version(first, service)
    asked = excerpts.questions(first, version_service=service)
    with ThreadPoolExecutor(4, thread_name_prefix=f"look-{site.host.name}") as threads:
        looking = threads.submit(times.timed, "outside", lambda: _look(site, version_field, version))
        playing = (
            threads.submit(times.timed, "flows", lambda: look_at_flows(environment, site.host, left)) if flows else None
        )
        reading = threads.submit(times.timed, "logs", lambda: excerpts.read(site.transport, asked, patterns))
        measuring = threads.submit(times.timed, "performance", lambda: _performance(site, first))
        try:
            left.wait(settle_s if first.engine.answers else 0)
            looked, answers = looking.result(), reading.result()
            played = playing.result() if playing else FlowLook(measurements=())
            # After these, so that the mark is decided by the newest that we know; beside the questions at a fixed rate,
            # which take longest.
            second = times.timed("second read", lambda: _again(site)) if first.engine.answers else first
            measured = measuring.result()
        except BaseException:
            left.set()  # after Ctrl-C nobody waits for the flows to be over
            raise
    known = second or first
    found = releases(known, environment) if known.engine.answers else ()
    measurements = (
        standing.quiet(first, known),
        standing.mark(known),
        *(services.measure(first, second) if second else (services.lost(),)),
        health.inside(known, field=version_field, version=health.running_version(known, service)),
        health.outside(looked, field=version_field, version=version),
        recorded.measure(known, found, version_service=service),
        *logs.judge(first, asked, answers, patterns),
        *played.measurements,
        *measured,
    )
    return Seen(
        site=site,
        snapshot=known,
        measurements=dependent.without_api(measurements, service),
        notes=played.notes,
        elapsed_s=times.elapsed_s,
    )


def _again(site: Site) -> Snapshot | None:
    try:
        return site.snapshot()
    except Refused:
        return None


def _performance(site: Site, snapshot: Snapshot) -> tuple[Measurement, ...]:
    from hummii_ops.checks.compared import performance  # here: statistics take time to load, and only this needs them

    return performance.measure(site.transport, snapshot, site.environment, site.host)


def _look(site: Site, field: str | None, version: str | None) -> Looked | None:
    url = health_url(site.environment, site.host)
    return look(url, field=field, version=version) if url else None
