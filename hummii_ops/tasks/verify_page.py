"""What fab verify says: the page for people, and each host's part of the document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hummii_ops.checks import Measurement, Verdict, health, worst
from hummii_ops.facts.releases import running_identity
from hummii_ops.tasks.looking import Seen
from hummii_ops.transport import printable

SIGNS = {
    "pass": "[green]✓[/]",
    "skipped": "[dim]·[/]",
    "inconclusive": "[yellow]?[/]",
    "error": "[yellow]![/]",
    "fail": "[bold red]✗[/]",
}
_LEGEND = "✓ well   · skipped   ? not enough to judge by   ! could not look   ✗ not well"
_SAID = {
    "pass": ("green", "healthy, as far as services, health, images, logs and user flows tell"),
    "inconclusive": ("yellow", "not judged: not enough to judge by"),
    "error": ("yellow", "not known: some of it could not be looked at"),
    "fail": ("bold red", "not well"),
}


def host_json(seen: Seen) -> dict[str, Any]:
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


def show_host(console: Console, environment: str, seen: Seen) -> None:
    host = host_json(seen)
    head = f"{environment} · {host['name']} runs {host['version'] or 'no version that can be read'}"
    console.print(printable(head), style="bold", markup=False)
    console.print(_LEGEND, style="dim", markup=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for least in (1, 14, 8, 20):
        table.add_column(overflow="fold", min_width=least)
    for one in seen.measurements:
        value = " ".join(str(word) for word in (one.value, one.unit) if word is not None)
        shown = one.verdict if one.value is None else value
        table.add_row(SIGNS[one.verdict], *(Text(printable(text)) for text in (one.name, shown, one.reason)))
    console.print(table)
    for note in host["notes"]:
        console.print(f"note: {note}", style="yellow", markup=False)
    if seen.marked:
        console.print("this release is marked good: rollback --latest may come back to it", style="dim", markup=False)


def conclude(console: Console, environment: str, verdict: Verdict, measurements: Iterable[Measurement]) -> None:
    """The last lines: the verdict, and which looks made it so."""
    style, words = _SAID[verdict]
    names = dict.fromkeys(one.name for one in measurements if one.critical and one.verdict == verdict)
    why = "" if verdict == "pass" else f": {', '.join(names) or 'nothing was looked at'}"
    console.print(printable(f"{verdict}: {environment} is {words}{why}"), style=style, markup=False)
    if verdict == "fail":
        console.print(
            "  next: fab rollback --latest --dry-run; what there is to go back to: fab releases", markup=False
        )
