"""fab report and fab note: the record of a run, made on this machine from what it has kept.

Only where the end of a run is missing here is its host asked, and then only to read.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from hummii_ops.errors import HummiiError, Refused, UsageError
from hummii_ops.inventory import Environment
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.flags import check_reason
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.reply.meant import on
from hummii_ops.tasks.reply.runview import check_run_id
from hummii_ops.transport import LinkLost, printable

if TYPE_CHECKING:
    from hummii_ops.run.kept import Kept

MOMENTS = ("trouble", "noticed", "decided")  # telling.report.times has them too; it is loaded when it is needed


@command("report", help={"open": "show it in the browser of this machine"})
def report(
    _context: Any, run: str | None = None, open: bool = False, env: str | None = None, format: str = "text"
) -> Reply:
    """The record of a run: what happened, how long it took, a post-mortem's draft; HTML, Markdown, JSON, JUnit."""
    from hummii_ops.telling.report.write import BESIDE, HTML, write

    environment = session.choose(env)
    folder = folder_of(environment, run)
    bring_home(environment, folder)
    made = write(folder, limit_ms=environment.limits.response_p95_ms)
    page = folder / HTML
    if open:
        _open(page)

    def show(console: Console) -> None:
        from hummii_ops.telling.report import summary

        console.print(printable(summary.sentence(made)), style="bold", markup=False)
        for name, value in summary.figures(made):
            console.print(printable(f"  {name + ':':<32} {value}"), markup=False)
        for sentence in made["missing"]:
            console.print(f"  ! missing: {sentence}", style="yellow", markup=False)
        console.print(f"  report: {page}", markup=False)
        if (folder / BESIDE).is_file():
            console.print(f"  report.md was edited and stays; the new draft is beside it: {BESIDE}", markup=False)
        console.print(f"  next: fab followups --run={folder.name}", markup=False)

    body = {key: value for key, value in made.items() if key not in ("schema", "exit_code", "verdict")}
    return Reply(kind="report", body=body | {"report": str(page)}, verdict=made["verdict"], show=show)


@command(
    "note",
    help={
        "text": "what you saw, heard or did, in a line",
        "at": "when, as HH:MM or an ISO time, in UTC (default: now)",
        "moment": "what this was, so that it can be measured: trouble, noticed or decided",
    },
)
def note(
    _context: Any,
    text: str = "",
    at: str = "",
    moment: str = "",
    run: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Add a line of yours to the record of a run: what no program saw."""
    if not text.strip():
        raise UsageError("a note needs a text", remedy='fab note --text="…"')
    check_reason(text)
    if moment and moment not in MOMENTS:
        raise UsageError(f"--moment is {', '.join(MOMENTS)}, not {moment!r}")
    folder = folder_of(session.choose(env), run)
    line = {"at": when(at, datetime.now(UTC)).isoformat(), "who": session.who(), "text": text}
    line |= {"moment": moment} if moment else {}
    _append(folder, line)

    def show(console: Console) -> None:
        console.print(f"noted for {folder.name}; it is in the next: fab report --run={folder.name}", markup=False)

    return Reply(kind="note", body={"run_id": folder.name, "note": line}, show=show)


def folder_of(environment: Environment, run: str | None, *, tasks: tuple[str, ...] = ()) -> Path:
    """The folder of a run on this machine; it may be empty for a run that is named. Raises Refused for none.

    `tasks`: the newest of these; (): of any.
    """
    from hummii_ops.run import kept

    if run is not None:
        return session.runs_dir() / check_run_id(run)
    folder = kept.newest(session.runs_dir(), environment.name, tasks=tasks)
    if folder is None:
        raise Refused(
            f"no run of {environment.name} is kept on this machine",
            remedy="see the runs that the hosts know: fab runs; then name one: --run=…",
        )
    return folder


def bring_home(environment: Environment, folder: Path) -> None:
    """Where the end of the run is not here, read it from its hosts; a host that does not answer is a note."""
    from hummii_ops.run import kept, mirror

    try:
        here = kept.read(folder)
    except Refused:
        here = None
    if here is not None and all(host.ended for host in here.hosts) and not here.missing:
        return
    try:
        sites = session.reach(environment, _hosts_of(environment, here))
        for site in sites:
            if on(site.snapshot(), folder.name) is not None:
                mirror.save(site.entry.call("collect", folder.name, limit_s=300).stdout, folder / site.host.name)
    except (HummiiError, LinkLost) as error:
        what = error.what if isinstance(error, HummiiError) else str(error)
        say().print(f"not all of the run is here, and it cannot be read now: {printable(what)}", markup=False)


def _hosts_of(environment: Environment, here: Kept | None) -> str | None:
    """The hosts of the run that the inventory still has; None for all."""
    if here is None:
        return None
    named = set(here.about.get("hosts", "").split()) | {host.name for host in here.hosts}
    return ",".join(sorted(named & {host.name for host in environment.hosts})) or None


def when(text: str, now: datetime) -> datetime:
    """HH:MM is today's, or yesterday's if that is yet to come. Raises UsageError."""
    if not text:
        return now
    try:
        if len(text) <= 5:
            at = datetime.combine(now.date(), datetime.strptime(text, "%H:%M").time(), tzinfo=UTC)
            return at if at <= now else at - timedelta(days=1)
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at is HH:MM or an ISO time, in UTC, not {text!r:.60}") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _append(folder: Path, line: dict[str, Any]) -> None:
    """One write, so that two notes at once are two lines; only the owner can read it."""
    from hummii_ops.run.kept import NOTES

    if not folder.is_dir():
        raise Refused(f"nothing of {folder.name} is kept on this machine", remedy=f"fab evidence --run={folder.name}")
    fd = os.open(folder / NOTES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        say().print(f"no browser here; the page is {page}", markup=False)


ALL = (report, note)
