"""fab verify: is production healthy? Looks at every host, and keeps what a pass proves: the mark `good`.

A release that is marked bad fails, and while somebody is at work nothing passes: neither is a green light for a job.

Never asks, takes no lease, and writes nothing but that mark; a `bad` mark stays, whatever is seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hummii_ops.checks import (
    Measurement,
    Verdict,
    excerpts,
    exit_code_of,
    health,
    logs,
    recorded,
    services,
    standing,
    worst,
)
from hummii_ops.checks.outside import Looked, health_url, look
from hummii_ops.errors import ExitCode, HummiiError, Refused, UsageError
from hummii_ops.facts.releases import releases, running_identity
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.run.ship import lines
from hummii_ops.tasks import session
from hummii_ops.tasks.frame import Reply, command
from hummii_ops.tasks.session import Site
from hummii_ops.transport import LinkLost, printable

_MOST_AT_ONCE = 8
_SIGNS = {
    "pass": "[green]✓[/]",
    "skipped": "[dim]·[/]",
    "inconclusive": "[yellow]?[/]",
    "error": "[yellow]![/]",
    "fail": "[bold red]✗[/]",
}
_LEGEND = "✓ well   · skipped   ? not enough to judge by   ! could not look   ✗ not well"
_SAID = {
    "pass": ("green", "healthy, as far as services, health, images and logs tell (user flows are not looked at)"),
    "inconclusive": ("yellow", "not judged: not enough to judge by"),
    "error": ("yellow", "not known: some of it could not be looked at"),
    "fail": ("bold red", "not well"),
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was measured on one host; `snapshot` is the last read of it. `notes` judge nothing."""

    site: Site
    snapshot: Snapshot
    measurements: tuple[Measurement, ...]
    notes: tuple[str, ...] = ()
    marked: bool = False


@command("verify", help={"settle": "seconds between the two looks at the services (default 3)"})
def verify(
    _context: Any, limit: str | None = None, settle: int = 3, env: str | None = None, format: str = "text"
) -> Reply:
    """Is production healthy: services, health inside and out, images, logs? A pass marks the release good."""
    if not 0 <= settle <= 3600:
        raise UsageError(f"--settle is 0 to 3600 seconds, not {settle}")
    environment = session.choose(env)
    sites = session.reach(environment, limit)
    left = Event()
    with ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="verify") as threads:
        try:
            seen = list(threads.map(lambda site: see(site, settle_s=settle, left=left), sites))
        finally:
            left.set()  # after Ctrl-C nobody waits for a settle window to end
        seen = _compared(seen)
        verdict = worst(one for each in seen for one in each.measurements)
        if exit_code_of(verdict) is ExitCode.DONE:
            seen = list(threads.map(_keep, seen))
    body = {
        "environment": environment.name,
        "hosts": [_host_json(one) for one in seen],
        "measurements": [each.as_json(host=one.snapshot.host_name) for one in seen for each in one.measurements],
    }

    def show(console: Console) -> None:
        for one in seen:
            _show(console, environment.name, one)
        _conclude(console, environment.name, verdict, (one for each in seen for one in each.measurements))

    return Reply(kind="verify", body=body, exit_code=exit_code_of(verdict), verdict=verdict, show=show)


def see(site: Site, *, settle_s: float, left: Event) -> Seen:
    """Measure one host: two reads of it, and between them its logs and a look from outside, side by side.

    `left` ends the wait between them. Raises what `Site.snapshot` raises for the first read: then nothing was seen.
    """
    environment, first = site.environment, site.snapshot()
    version = health.running_version(first, environment.version_service)
    field, patterns = environment.health.version_field, environment.logs.critical
    asked = excerpts.questions(first, version_service=environment.version_service)
    with ThreadPoolExecutor(2, thread_name_prefix=f"look-{site.host.name}") as threads:
        looking = threads.submit(_look, site, field, version)
        reading = threads.submit(excerpts.read, site.transport, asked, patterns)
        left.wait(settle_s if first.engine.answers else 0)
        looked, answers = looking.result(), reading.result()
    # The second read comes last, so that the mark is decided by the newest that we know.
    second = _again(site) if first.engine.answers else first
    known = second or first
    found = releases(known, environment) if known.engine.answers else ()
    measurements = (
        standing.quiet(first, known),
        standing.mark(known),
        *(services.measure(first, second) if second else (services.lost(),)),
        health.inside(known, field=field, version=health.running_version(known, environment.version_service)),
        health.outside(looked, field=field, version=version),
        recorded.measure(known, found, version_service=environment.version_service),
        *logs.judge(first, asked, answers, patterns),
    )
    return Seen(site=site, snapshot=known, measurements=measurements)


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


def _again(site: Site) -> Snapshot | None:
    try:
        return site.snapshot()
    except Refused:
        return None


def _look(site: Site, field: str | None, version: str | None) -> Looked | None:
    url = health_url(site.environment, site.host)
    return look(url, field=field, version=version) if url else None


def _keep(seen: Seen) -> Seen:
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


def _host_json(seen: Seen) -> dict[str, Any]:
    """One element of `hosts[]`. `mark` is what is known of the running release now."""
    identity = running_identity(seen.snapshot) if seen.snapshot.engine.answers else None
    mark = seen.snapshot.marks.get(identity or "")
    return {
        "name": seen.snapshot.host_name,
        "version": health.running_version(seen.snapshot, seen.site.environment.version_service),
        "verdict": worst(seen.measurements),
        "identity": identity,
        "mark": "good" if seen.marked else mark.mark if mark else "unknown",
        "notes": [printable(note) for note in seen.notes],
    }


def _show(console: Console, environment: str, seen: Seen) -> None:
    host = _host_json(seen)
    head = f"{environment} · {host['name']} runs {host['version'] or 'no version that can be read'}"
    console.print(printable(head), style="bold", markup=False)
    console.print(_LEGEND, style="dim", markup=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for least in (1, 14, 8, 20):
        table.add_column(overflow="fold", min_width=least)
    for one in seen.measurements:
        value = " ".join(str(word) for word in (one.value, one.unit) if word is not None)
        shown = one.verdict if one.value is None else value
        table.add_row(_SIGNS[one.verdict], *(Text(printable(text)) for text in (one.name, shown, one.reason)))
    console.print(table)
    for note in host["notes"]:
        console.print(f"note: {note}", style="yellow", markup=False)
    if seen.marked:
        console.print("this release is marked good: rollback --latest may come back to it", style="dim", markup=False)


def _conclude(console: Console, environment: str, verdict: Verdict, measurements: Iterable[Measurement]) -> None:
    """The last lines: the verdict, and which looks made it so."""
    style, words = _SAID[verdict]
    names = dict.fromkeys(one.name for one in measurements if one.critical and one.verdict == verdict)
    why = "" if verdict == "pass" else f": {', '.join(names) or 'nothing was looked at'}"
    console.print(printable(f"{verdict}: {environment} is {words}{why}"), style=style, markup=False)
    if verdict == "fail":
        console.print(
            "  next: fab rollback --latest --dry-run; what there is to go back to: fab releases", markup=False
        )
