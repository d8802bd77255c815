"""What fab verify says: the page for people, and each host's part of the document.

Looks of one family that are all well share a line: at night the rest must be seen. --all shows each; JSON has them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hummii_ops.checks import Measurement, Verdict, worst
from hummii_ops.checks.stack import health
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.tasks.health.looking import Seen
from hummii_ops.transport import printable

SIGNS = {
    "pass": "[green]✓[/]",
    "skipped": "[dim]·[/]",
    "inconclusive": "[yellow]?[/]",
    "error": "[yellow]![/]",
    "fail": "[bold red]✗[/]",
}
_TO_KNOW = "[yellow]~[/]"
_LEGEND = "✓ well   · skipped   ? not enough to judge by   ! could not look   ~ not well, breaks nothing   ✗ not well"
_SAID = {
    "pass": ("green", "healthy, as far as services, health, images, logs{flows} and load tell"),
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
        "elapsed_s": dict(seen.elapsed_s),
        "notes": [printable(note) for note in seen.notes],
    }


def show_host(console: Console, environment: str, seen: Seen, *, every: bool = False) -> None:
    """One host's looks; `every`: those that are well one by one, too."""
    host = host_json(seen)
    head = f"{environment} · {host['name']} runs {host['version'] or 'no version that can be read'}"
    console.print(printable(head), style="bold", markup=False)
    console.print(_LEGEND, style="dim", markup=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for least in (1, 14, 8, 20):
        table.add_column(overflow="fold", min_width=least)
    for sign, *texts in rows(seen.measurements, every=every):
        table.add_row(sign, *(Text(printable(text)) for text in texts))
    console.print(table)
    for note in host["notes"]:
        console.print(f"note: {note}", style="yellow", markup=False)
    if seen.marked:
        console.print("this release is marked good: rollback --latest may come back to it", style="dim", markup=False)


def rows(measurements: Iterable[Measurement], *, every: bool) -> Iterator[tuple[str, str, str, str]]:
    """Sign, name, value and reason of each line; a family's well ones stand where its first one stood."""
    families: dict[str, list[Measurement]] = {}
    for one in measurements:
        families.setdefault(one.name if every else one.name.partition(".")[0], []).append(one)
    for family, members in families.items():
        well = [one for one in members if one.verdict == "pass"]
        if len(well) > 1:
            yield SIGNS["pass"], f"{family}.*", f"{len(well)} well", ", ".join(_rest(one.name) for one in well)
        for one in members:
            if one.verdict != "pass" or len(well) == 1:
                yield _row(one)


def _rest(name: str) -> str:
    return name.partition(".")[2] or name


def _row(one: Measurement) -> tuple[str, str, str, str]:
    value = " ".join(str(word) for word in (one.value, one.unit) if word is not None)
    sign = _TO_KNOW if one.verdict in ("fail", "error") and not one.critical else SIGNS[one.verdict]
    return sign, one.name, one.verdict if one.value is None else value, one.reason


def conclude(console: Console, environment: str, verdict: Verdict, measurements: Iterable[Measurement]) -> None:
    """The last lines: the verdict, and which looks made it so."""
    measurements = tuple(measurements)
    style, words = _SAID[verdict]
    played = any(one.name.startswith("flow.") and one.verdict == "pass" for one in measurements)
    words = words.format(flows=", user flows" if played else "")
    names = dict.fromkeys(one.name for one in measurements if one.critical and one.verdict == verdict)
    why = "" if verdict == "pass" else f": {', '.join(names) or 'nothing was looked at'}"
    why = why if played or verdict != "pass" else " (user flows are not looked at: fab flows.check)"
    console.print(printable(f"{verdict}: {environment} is {words}{why}"), style=style, markup=False)
    if verdict == "fail":
        console.print(
            "  next: fab rollback --latest --dry-run; what there is to go back to: fab releases", markup=False
        )
