"""fab diagnose: would a rollback help? A plain yes, no or unknown, with the evidence of every row of the table.

Never asks, and changes nothing but the flows' own test data; says what it did not look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hummii_ops.checks import Measurement
from hummii_ops.facts.amounts import age
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site
from hummii_ops.transport import printable

if TYPE_CHECKING:  # statistics take time to load, and nothing else needs them
    from hummii_ops.checks.would_help import Advice, Evidence

_STYLES = {"yes": "bold green", "no": "bold", "unknown": "bold yellow"}


@command("diagnose", help={"flows": "play the user flows that are allowed: they write test data, and take it away"})
def diagnose(
    _context: Any, flows: bool = True, limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """Would a rollback help? yes, no or unknown, with the evidence of every row of the table, and what to do next."""
    environment = session.choose(env)
    found = [diagnosed(site, played(site) if flows else ()) for site in session.reach(environment, limit)]
    hosts = [host_json(name, seen, advice) for name, seen, advice in found]
    body = {"environment": environment.name, "helps": overall([one["helps"] for one in hosts]), "hosts": hosts}

    def show(console: Console) -> None:
        for name, seen, advice in found:
            _show(console, f"{environment.name} · {name}", seen, advice)

    return Reply(kind="diagnose", body=body, show=show)


def overall(said: list[str]) -> str:
    """Of all hosts: yes if it helps on one of them; no only if on none."""
    return next((word for word in ("yes", "unknown") if word in said), "no")


def host_json(name: str, seen: Evidence, advice: Advice) -> dict[str, Any]:
    """One element of `hosts[]`."""
    began = seen.began_at.isoformat() if seen.began_at else None
    metrics = [
        one.comparison.as_json() | {"name": one.name, "unit": one.unit, "limit": one.limit, "over_limit": one.breached}
        for one in seen.gates
    ]
    known = {"name": name, "version": seen.version, "since": began, "failing": list(seen.failing)}
    return known | advice.as_json() | {"metrics": metrics}


def played(site: Site) -> tuple[Measurement, ...]:
    """What the user flows gave: on a quiet server nothing else shows that a release is slow."""
    from hummii_ops.tasks.health.flow_look import look_at_flows

    return look_at_flows(site.environment, site.host, Event()).measurements


def diagnosed(site: Site, flows: Sequence[Measurement] = ()) -> tuple[str, Evidence, Advice]:
    """The host's name, what is known of it, and what the table says; `flows`: what they gave just before.

    Raises what a read of the host raises.
    """
    from hummii_ops.checks.would_help import advise
    from hummii_ops.checks.would_help.from_host import with_looks
    from hummii_ops.checks.would_help.from_snapshot import of_snapshot, target_of
    from hummii_ops.facts.database.read_migrations import read_schema
    from hummii_ops.plans import schema_check

    snapshot = site.snapshot()
    target, previous = target_of(snapshot, site.environment)
    seen = of_snapshot(snapshot, site.environment, target, previous)
    if target is not None and site.environment.database is not None:
        image = target.image_id(site.environment.version_service)
        check = schema_check.judge(read_schema(site.transport, site.environment, snapshot, image), image)
        seen = replace(seen, migrations=check.code_only, migrations_said=schema_check.reasons(check))
    if snapshot.engine.answers:
        seen = with_looks(seen, site.transport, snapshot, site.environment, site.host, flows)
    return snapshot.host_name, seen, advise(seen)


def _show(console: Console, place: str, seen: Evidence, advice: Advice) -> None:
    since = f" for {age(seen.began_at, seen.now)}" if seen.began_at and seen.now else ""
    head = f"{place} runs {seen.version or 'no version that can be read'}{since}"
    console.print(printable(head), style="bold", markup=False)
    for failing in seen.failing:  # before all else: it is what customers meet now, whatever the table says of its cause
        console.print(printable(f"fails now: {failing}"), style="bold red", markup=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for least in (1, 2, 20, 30):
        table.add_column(overflow="fold", min_width=least)
    for one in advice.rows:
        sign = "[bold]→[/]" if one.number == advice.row else "[dim]+[/]" if one.says else "[dim]·[/]"
        table.add_row(sign, str(one.number), one.question, Text(printable(one.evidence)))
    console.print(table)
    if advice.not_looked_at:
        console.print(f"not looked at: {', '.join(advice.not_looked_at)}", style="yellow", markup=False)
    for also in advice.also:
        because = also.says.because if also.says else ""
        console.print(printable(f"row {also.number} matches too: {because}"), style="dim", markup=False)
    answer = f"would a rollback help? {advice.helps}: {advice.because} ({advice.code})"
    console.print(printable(answer), style=_STYLES[advice.helps], markup=False)
    console.print(f"  next: {advice.next_command}", markup=False)


ALL = (diagnose,)
