"""What the flow tasks say: the page for people, and their documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hummii_ops.checks import Measurement, Verdict
from hummii_ops.checks.flows.load import Loaded
from hummii_ops.checks.flows.played import Played, StepResult
from hummii_ops.inventory import Problem
from hummii_ops.tasks.call.said import say
from hummii_ops.tasks.health.verify_page import SIGNS
from hummii_ops.transport import printable

_PARTS = ("connect", "tls", "1st byte", "slowest")
_PARTS_WIDTH = 56  # of all but the step's name, with the indent
_SAID: dict[Verdict, str] = {
    "pass": "all well",
    "inconclusive": "not judged",
    "error": "not known: some of it could not be looked at",
    "fail": "not well",
}


def body_of(
    environment: str, played: Mapping[str, Sequence[Played]], measured: Mapping[str, Sequence[Measurement]]
) -> dict[str, Any]:
    """The document of flows.run."""
    return {
        "environment": environment,
        "hosts": [{"name": host, "flows": [_flow_json(one) for one in flows]} for host, flows in played.items()],
        "measurements": [one.as_json(host=host) for host, each in measured.items() for one in each],
    }


def _flow_json(played: Played) -> dict[str, Any]:
    return {
        "name": played.flow,
        "verdict": played.verdict,
        "step": played.step,
        "reason": played.reason or None,
        "run_id": played.run_id or None,
        "elapsed_s": played.elapsed_s,
        "steps": [_step_json(step) for step in played.steps],
        "left": list(played.left),
    }


def _step_json(step: StepResult) -> dict[str, Any]:
    timing = step.timing
    return {
        "name": step.name,
        "verdict": step.verdict,
        "reason": step.reason or None,
        "attempts": step.attempts,
        "failures": step.failures,
        "median_ms": step.median_ms,
        "limit_ms": step.limit_ms,
        "connect_ms": timing.connect_ms if timing else None,
        "tls_ms": timing.tls_ms if timing else None,
        "first_byte_ms": timing.first_byte_ms if timing else None,
        "total_ms": timing.total_ms if timing else None,
    }


def show_flows(
    console: Console,
    environment: str,
    played: Mapping[str, Sequence[Played]],
    measured: Mapping[str, Sequence[Measurement]],
    verdict: Verdict,
) -> None:
    """Flow by flow: its steps with their times, and the verdict."""
    for host, flows in played.items():
        for one in flows:
            _show_flow(console, f"{environment} · {host} · {one.flow}", one)
        for speed in measured[host]:
            if speed.name.startswith("speed.") and speed.verdict == "fail":
                console.print(f"too slow: {speed.name}: {speed.reason}", style="bold red", markup=False)
    bad = [one.name for each in measured.values() for one in each if one.critical and one.verdict == verdict]
    why = f": {', '.join(dict.fromkeys(bad))}" if verdict != "pass" and bad else ""
    why = ": no flow is allowed here (flows.allow in inventory.yml)" if not bad else why
    style = "green" if verdict == "pass" else "bold red" if verdict == "fail" else "yellow"
    console.print(printable(f"{verdict}: the flows are {_SAID[verdict]}{why}"), style=style, markup=False)


def _show_flow(console: Console, title: str, played: Played) -> None:
    head = Text.from_markup(SIGNS[played.verdict]) + Text(f" {printable(title)}")
    head.append(f"  {played.reason or f'{played.elapsed_s:.1f} s'}", style="" if played.verdict == "pass" else "bold")
    console.print(head)
    if played.steps:
        console.print(Padding(_table(played.steps, console.width), (0, 0, 0, 2)))
    for left in played.left:
        console.print(printable(f"  left behind: {left}; later: fab flows.clean"), style="yellow", markup=False)


def _table(steps: Sequence[StepResult], width: int) -> Table:
    """Where there is no room for all times, those that the verdict is made from."""
    table = Table(box=None, show_header=True, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    parts = max(cell_len(step.name) for step in steps) + _PARTS_WIDTH <= width
    table.add_column("step (ms)", overflow="fold")
    for heading in ("done", *(_PARTS if parts else ()), "median", "limit"):
        table.add_column(heading, justify="right", no_wrap=True)
    for step in steps:
        timing = step.timing
        times = (timing.connect_ms, timing.tls_ms, timing.first_byte_ms, timing.total_ms) if timing else (None,) * 4
        figures = (
            "" if one is None else str(one) for one in (step.attempts, *(times if parts else ()), step.median_ms)
        )
        table.add_row(Text(f"  {step.name}"), *figures, f"{step.limit_ms:g}" if step.limit_ms else "")
    return table


def problem_json(one: Problem) -> dict[str, Any]:
    """One mistake of a flow file."""
    return {
        "file": str(one.file),
        "line": one.line,
        "column": one.column,
        "path": one.path,
        "message": one.message,
        "nearest": one.nearest,
    }


def show_problems(console: Console, environment: str, loaded: Loaded, allowed: Sequence[str]) -> None:
    """Every mistake with its place, or which flows there are."""
    if not loaded.problems:
        said = f"{loaded.folder} is right: {', '.join(loaded.names) or 'no flow yet'}"
        console.print(printable(said), markup=False)
        console.print(printable(f"allowed in {environment}: {', '.join(allowed) or 'none'}"), markup=False)
        return
    people = say()
    for problem in loaded.problems:
        people.print(printable(str(problem)), markup=False)
    number = len(loaded.problems)
    people.print(f"{number} mistake{'s' if number > 1 else ''}", style="bold red")
    people.print("  next: correct the files, then run: fab flows.check", markup=False)
