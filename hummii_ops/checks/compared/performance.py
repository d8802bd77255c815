"""Everything that is measured of performance on one host, side by side: what `fab verify` and `fab snapshot` call.

Never changes anything, and never raises for what a host, a database or a network does.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from hummii_ops.checks.compared import baseline, work
from hummii_ops.checks.compared.baseline import Baseline, Samples
from hummii_ops.checks.database import database_limits
from hummii_ops.checks.requests import access_log, outside_services, prometheus, responses, user_requests
from hummii_ops.checks.resources import resource_limits
from hummii_ops.checks.verdict import Measurement
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment, Host
from hummii_ops.transport import Transport


@dataclass(frozen=True, kw_only=True)
class Performance:
    """What was measured of one host, and the samples that a baseline keeps."""

    measurements: tuple[Measurement, ...]
    samples: Samples


def measure(transport: Transport, snapshot: Snapshot, environment: Environment, host: Host) -> tuple[Measurement, ...]:
    """Resources, users' requests, response times, database, Prometheus, and against before; about six seconds.

    `snapshot` is the last read of the host.
    """
    if not snapshot.engine.answers:
        return look(transport, snapshot, environment, host).measurements
    home = f"{environment.project_dir}/.hummii-ops"
    with ThreadPoolExecutor(1, thread_name_prefix="baseline") as threads:
        before = threads.submit(baseline.read, transport, home, not_of=running_identity(snapshot) or "")
        found = look(transport, snapshot, environment, host)
        return (*found.measurements, *baseline.compared(before.result(), found.samples))


def look(transport: Transport, snapshot: Snapshot, environment: Environment, host: Host) -> Performance:
    """All but the comparison. Where docker does not answer, the host itself is looked at alone."""
    with ThreadPoolExecutor(6, thread_name_prefix="performance") as threads:
        resources = threads.submit(resource_limits.look, transport, snapshot, environment)
        asked = threads.submit(prometheus.measure, transport, environment)
        if not snapshot.engine.answers:
            return Performance(measurements=(*resources.result()[1], *asked.result()), samples=Samples())
        log = threads.submit(access_log.look, transport, snapshot, environment)
        probes = threads.submit(responses.look, transport, environment, host)
        database = threads.submit(database_limits.look, transport, environment)
        others = threads.submit(outside_services.look, transport, environment)
        load, loaded = database.result()
        done = threads.submit(work.look, transport, snapshot, environment, load)
        _, of_host = resources.result()
        counted, requests = log.result()
        times, answered = probes.result()
        outside = others.result()
    seen = user_requests.window(snapshot, environment)
    window_s = 0.0 if isinstance(seen, str) else seen.seconds
    return Performance(
        measurements=(
            *of_host,
            *requests,
            *answered,
            *loaded,
            *outside_services.measure(outside, environment),
            *asked.result(),
        ),
        samples=replace(
            baseline.samples(times, counted, window_s, load),
            work=done.result(),
            dependencies={name: one.ms for name, one in (outside or {}).items() if one.ms is not None},
        ),
    )


def taken(
    transport: Transport, snapshot: Snapshot, environment: Environment, host: Host, *, version: str | None
) -> Baseline | None:
    """A baseline of what runs now; None where it is no release that can be named, or docker does not answer."""
    identity = running_identity(snapshot) if snapshot.engine.answers else None
    if identity is None:
        return None
    found = look(transport, snapshot, environment, host)
    return Baseline(identity=identity, version=version, at=snapshot.read_at, samples=found.samples)
