"""Everything that can be looked at on a host for the question whether a rollback would help, side by side.

Never changes anything, and never raises for what a host does: what could not be looked at stays None, or is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hummii_ops.checks.compared import baseline, work
from hummii_ops.checks.compared.baseline import Baseline
from hummii_ops.checks.database import database_limits
from hummii_ops.checks.requests import outside_services, responses
from hummii_ops.checks.requests.user_requests import Window
from hummii_ops.checks.resources import resources
from hummii_ops.checks.verdict import Measurement
from hummii_ops.checks.would_help import counting as counted_by
from hummii_ops.checks.would_help import failing, looks, traffic
from hummii_ops.checks.would_help.counting import looked
from hummii_ops.checks.would_help.evidence import Evidence
from hummii_ops.checks.would_help.traffic import Counted
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment, Host
from hummii_ops.transport import Transport


def with_looks(
    seen: Evidence,
    transport: Transport,
    snapshot: Snapshot,
    environment: Environment,
    host: Host,
    played: Sequence[Measurement] = (),
) -> Evidence:
    """The evidence of one read, and what the host shows now; about seven seconds. Docker must answer.

    `played`: what the user flows gave, which must be over: they are work, too.
    """
    counting = counted_by.chosen(seen, transport, snapshot, environment)
    now, count = counting.now, counting.count
    home = f"{environment.project_dir}/.hummii-ops"
    running = running_identity(snapshot) or ""

    with ThreadPoolExecutor(6, thread_name_prefix="diagnose") as threads:
        used = threads.submit(
            looked, lambda: resources.read(transport, snapshot, version_service=environment.version_service)
        )
        asked = threads.submit(database_limits.look, transport, environment)
        probed = threads.submit(responses.look, transport, environment, host)
        others = threads.submit(outside_services.look, transport, environment)
        kept = threads.submit(baseline.read, transport, home, not_of=running)
        counted = threads.submit(count, now) if now else None
        then = {name: threads.submit(count, window) for name, window in counting.earlier.items()}
        load, said = asked.result()
        requests = counted.result() if counted else None
        before = {name: one for name, future in then.items() if (one := future.result())}
        base, host_used, times = kept.result(), used.result(), probed.result()[0]
        outside = others.result()
    does = work.look(transport, snapshot, environment, load)
    users = counting.baseline(base)
    filled = replace(
        seen,
        metrics=(*traffic.metrics(requests, before, times, users, environment), *traffic.of_flows(played)) or None,
        failing=traffic.failing_flows(played),
        unavailable=(*_unanswered(said), *counting.unanswered(requests)),
        previous=traffic.proven(seen.previous, before.get("before"), base, environment),
        load=traffic.more_load(requests, before.get("before"), does, base),
        host=looks.host_load(host_used, snapshot, environment.version_service, base) if host_used else None,
        database=looks.in_database(load, base, began_at=seen.began_at, now=does) if load else None,
        dependencies=looks.dependencies(outside, times, base) if environment.dependencies else None,
    )
    return _with_onset(filled, requests, before.get("before"), users, count)


def _unanswered(said: Iterable[Measurement]) -> Iterator[str]:
    return (f"the database ({one.reason})" for one in said if one.verdict == "error")


def _with_onset(
    seen: Evidence,
    now: Counted | None,
    before: Counted | None,
    base: Baseline | None,
    count: Callable[[Window], Counted | None],
) -> Evidence:
    """Asked only where the requests have become worse: in any series something changes most somewhere."""
    worse = {one.name for one in seen.gates if one.degraded}
    if seen.began_at is None or now is None:
        return seen
    if "requests.errors" in worse:
        last = count(failing.last_of(before.window)) if before else None
        if failing.since_release(count(failing.first_of(now.window)), last, base, seen.began_at):
            return replace(seen, onset_at=seen.began_at, fails_since_release=True)
    return replace(seen, onset_at=traffic.onset(now, before, seen.began_at)) if "requests.time" in worse else seen
