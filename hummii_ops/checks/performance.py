"""Everything that is measured of performance on one host, side by side: what `fab verify` calls.

Never changes anything, and never raises for what a host, a database or a network does.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hummii_ops.checks import access_log, database_limits, prometheus, resource_limits, responses
from hummii_ops.checks.verdict import Measurement
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment, Host
from hummii_ops.transport import Transport


def measure(transport: Transport, snapshot: Snapshot, environment: Environment, host: Host) -> tuple[Measurement, ...]:
    """Resources, users' requests, response times, database and Prometheus; about six seconds.

    `snapshot` is the last read of the host. Where docker does not answer, the host itself is looked at alone.
    """
    looks: list[Callable[[], tuple[Measurement, ...]]] = [
        lambda: resource_limits.measure(transport, snapshot, environment),
        lambda: prometheus.measure(transport, environment),
    ]
    if snapshot.engine.answers:
        looks += [
            lambda: access_log.measure(transport, snapshot, environment),
            lambda: responses.measure(transport, environment, host),
            lambda: database_limits.measure(transport, snapshot, environment),
        ]
    with ThreadPoolExecutor(len(looks), thread_name_prefix="performance") as threads:
        return tuple(one for found in threads.map(lambda look: look(), looks) for one in found)
