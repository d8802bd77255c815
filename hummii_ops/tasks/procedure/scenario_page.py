"""What a page of the procedure shows: each stage as it ends, and at the end all of them beside the clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from hummii_ops.errors import ExitCode
from hummii_ops.inventory import Environment
from hummii_ops.scenarios.page import Page, Stage
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.reply.record_writer import writer
from hummii_ops.tasks.reply.report import VERDICTS
from hummii_ops.transport import printable

_SIGNS = {"pass": "[green]✓[/]", "inconclusive": "[yellow]?[/]", "error": "[yellow]![/]", "fail": "[bold red]✗[/]"}
_WORDS = {ExitCode.DONE: "done and verified", ExitCode.DEGRADED: "done, but not well or not confirmed"}


def tell(console: Console, stage: Stage) -> None:
    """A stage as it ends: its heading, and what was found there."""
    console.print(f"\n{_SIGNS[stage.verdict]} [bold]{stage.title}[/]")
    for line in stage.found:
        console.print(printable(f"    {line}"), markup=False)


def report(
    page: Page,
    sites: Sequence[Site],
    code: ExitCode,
    run: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    dry_run: bool,
) -> Reply:
    """The end of a page: its stages beside the time that the procedure reckons with.

    `rows` are its last measurements, as JSON.
    """
    environment, hosts = sites[0].environment.name, ", ".join(site.host.name for site in sites)
    body = page.as_json() | {
        "environment": environment,
        "host": hosts,
        "dry_run": dry_run,
        "run": dict(run),
        "measurements": list(rows),
    }

    def show(console: Console) -> None:
        console.print(f"{page.title} · {environment} · {hosts}", style="bold", markup=False)
        for stage in page.stages:
            console.print(f"  {_SIGNS[stage.verdict]} {stage.title:<32} {stage.elapsed_s:7.1f} s")
        style = {ExitCode.DONE: "bold green", ExitCode.DEGRADED: "bold yellow"}.get(code, "bold red")
        words = "dry run: nothing was changed" if dry_run else _WORDS.get(code, VERDICTS[code])
        console.print(f"{words}: {page.against_budget}", style=style, markup=False)
        if code is ExitCode.DEGRADED:
            console.print("  next: fab verify; to take it back: fab undo", markup=False)

    after = _keeper(page, sites[0].environment, str(run["run_id"]), rows) if run.get("run_id") and not dry_run else None
    return Reply(kind="scenario", body=body, exit_code=code, verdict=VERDICTS[code], show=show, after=after)


def _keeper(page: Page, environment: Environment, run_id: str, rows: Sequence[Mapping[str, Any]]) -> Callable[[], None]:
    """What keeps the page beside its run, where the record finds it, and writes the record anew."""
    opened = datetime.now(UTC) - timedelta(seconds=page.elapsed_s)
    folder = session.runs_dir() / run_id

    def keep() -> None:
        from hummii_ops.run import kept

        said = page.as_json()
        said["stages"] = [
            one | {"at": (opened + timedelta(seconds=one["elapsed_s"])).isoformat()} for one in said["stages"]
        ]
        _save(folder / kept.SCENARIO, said)
        if rows:
            _save(folder / kept.VERIFY, {"measurements": list(rows)})
        writer(folder, environment)()

    return keep


def _save(path: Path, value: Mapping[str, Any]) -> None:
    from hummii_ops.run import mirror

    mirror.write(path, json.dumps(value, indent=1, default=str, ensure_ascii=False).encode())
