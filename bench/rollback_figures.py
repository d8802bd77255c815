"""What a job of the rollback benchmark cost, and the table of it: medians, and ratios to the floor."""

from __future__ import annotations

import os
import statistics
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One job in one round. Seconds, MiB, counts; `changing_s` and `plan_s` None where there is no such thing."""

    job: str
    wall_s: float
    outage_s: float
    cpu_s: float
    memory_mib: float
    connections: int
    round_trips: int
    changing_s: float | None = None
    plan_s: float | None = None
    steps: dict[str, float] = field(default_factory=dict)


def table(found: list[Figures]) -> str:
    """Markdown: medians (min-max) and ratios to the floor; then our time by step."""
    names = list(dict.fromkeys(one.job for one in found))
    floor = [one for one in found if one.job == "floor"]
    rows = [
        f"rounds: {len(floor)}, round robin; load average at the end: {os.getloadavg()[0]:.1f}",
        "",
        "| job | wall s (min-max) | × floor | changing part s | × floor | outage s (quartiles) | × floor "
        "| client CPU s | client MiB | connections | round trips | plan shown s |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        mine = [one for one in found if one.job == name]
        rows.append("| " + " | ".join([name, *_cells(mine, floor)]) + " |")
    ours = [one for one in found if one.steps]
    if ours:
        rows += ["", "| step | median s |", "|---|---|"]
        rows += [
            f"| {step} | {statistics.median(one.steps.get(step, 0.0) for one in ours):.3f} |" for step in ours[0].steps
        ]
    return "\n".join(rows)


def _cells(mine: list[Figures], floor: list[Figures]) -> list[str]:
    def median(name: str, of: list[Figures]) -> float | None:
        values = [value for value in (getattr(one, name) for one in of) if value is not None]
        return statistics.median(values) if values else None

    def ratio(name: str) -> str:
        value, base = median(name, mine), median(name, floor)
        return f"{value / base:.2f}" if value is not None and base else "-"

    def shown(name: str, digits: int = 2) -> str:
        value = median(name, mine)
        return "-" if value is None else f"{value:.{digits}f}"

    walls = [one.wall_s for one in mine]
    outages = [one.outage_s for one in mine]
    low, _, high = statistics.quantiles(outages, n=4) if len(outages) > 1 else (outages[0],) * 3
    return [
        f"{shown('wall_s')} ({min(walls):.2f}-{max(walls):.2f})", ratio("wall_s"),
        shown("changing_s"), ratio("changing_s"),
        f"{shown('outage_s')} ({low:.2f}-{high:.2f})", ratio("outage_s"),
        shown("cpu_s"), shown("memory_mib", 0), shown("connections", 0), shown("round_trips", 0), shown("plan_s"),
    ]  # fmt: skip
