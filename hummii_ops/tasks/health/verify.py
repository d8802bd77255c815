"""fab verify: is production healthy? Looks at every host, and keeps what a pass proves: the mark `good`.

A release that is marked bad fails, and while somebody is at work nothing passes: neither is a green light for a job.

Never asks, takes no lease, and writes nothing but that mark; a `bad` mark stays, whatever is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any

from rich.console import Console

from hummii_ops.checks import exit_code_of, worst
from hummii_ops.checks.stack import health, standing
from hummii_ops.errors import ExitCode, HummiiError, UsageError
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.inventory import Environment
from hummii_ops.run.ship import lines
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.health.looking import Seen, see
from hummii_ops.tasks.health.verify_page import conclude, host_json, show_host
from hummii_ops.transport import LinkLost, printable

_MOST_AT_ONCE = 8


_HELP = {
    "settle": "seconds between the two looks at the services",
    "all": "show each look, also those that are well",
}


@command("verify", help=_HELP)
def verify(
    _context: Any,
    limit: str | None = None,
    settle: int = 3,
    all: bool = False,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Is production healthy: services, health, images, logs, user flows, load? A pass marks the release good."""
    if not 0 <= settle <= 3600:
        raise UsageError(f"--settle is 0 to 3600 seconds, not {settle}")
    environment = session.choose(env)
    sites = session.reach(environment, limit)
    left = Event()
    with ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="verify") as threads:
        try:
            hear = teller([site.host.name for site in sites])
            seen = list(
                threads.map(
                    lambda site: see(site, settle_s=settle, left=left, hear=partial(hear, site.host.name)), sites
                )
            )
        finally:
            left.set()  # after Ctrl-C nobody waits for a settle window to end
        seen = _compared(seen)
        verdict = worst(one for each in seen for one in each.measurements)
        if exit_code_of(verdict) is ExitCode.DONE:
            seen = list(threads.map(keep, seen))
    return judged("verify", environment, seen, every=all)


def judged(kind: str, environment: Environment, seen: Sequence[Seen], *, every: bool) -> Reply:
    """What was seen on every host, as one document and one page; the worst look decides. `every`: show each look."""
    verdict = worst(one for each in seen for one in each.measurements)
    body = {
        "environment": environment.name,
        "hosts": [host_json(one) for one in seen],
        "measurements": [each.as_json(host=one.snapshot.host_name) for one in seen for each in one.measurements],
    }

    def show(console: Console) -> None:
        for one in seen:
            show_host(console, environment.name, one, every=every)
        conclude(console, environment.name, verdict, (one for each in seen for one in each.measurements))

    return Reply(kind=kind, body=body, exit_code=exit_code_of(verdict), verdict=verdict, show=show)


def teller(hosts: Sequence[str]) -> Callable[[str, str, float], None]:
    """Says each look that has ended, in a faint line, and on which of several hosts."""
    people = say()

    def hear(host: str, look: str, elapsed_s: float) -> None:
        where = f"{host}: " if len(hosts) > 1 else ""
        people.print(printable(f"{where}{look}: looked at in {elapsed_s:.1f} s"), style="dim", markup=False)

    return hear


def _compared(seen: list[Seen]) -> list[Seen]:
    """Of several hosts, with one more look: at all of them together, shown on the first."""
    if len(seen) < 2:
        return seen
    runs = {
        one.snapshot.host_name: health.running_version(one.snapshot, one.site.environment.version_service)
        for one in seen
    }
    first, *others = seen
    return [replace(first, measurements=(*first.measurements, standing.alike(runs))), *others]


def keep(seen: Seen) -> Seen:
    """Write the mark `good` for what runs, unless something speaks against it; a mark that cannot be kept is a note."""
    snapshot, site = seen.snapshot, seen.site
    identity = running_identity(snapshot)
    if identity is None:
        return replace(seen, notes=(*seen.notes, "not marked: what runs is not one release that can be named"))
    if snapshot.lease:  # claimed, and not begun: what runs may change at once
        return replace(seen, notes=(*seen.notes, "not marked good: someone has claimed this host (fab status)"))
    about = {
        "mark": "good",
        "who": session.who(),
        "reason": "verify passed",
        "since": str(int(snapshot.read_at.timestamp() * 1000)),
        "run": "",
    }
    try:
        site.entry.call("note_good", identity, about=lines(about))
    except (HummiiError, LinkLost) as error:
        return replace(seen, notes=(*seen.notes, f"could not keep that this release is proven good: {error}"))
    return replace(seen, marked=True)


ALL = (verify,)
