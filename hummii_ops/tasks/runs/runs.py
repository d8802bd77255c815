"""Tasks about runs that are kept: runs, evidence, unlock. Each works from any laptop."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hummii_ops.errors import Refused, UsageError
from hummii_ops.run import mirror
from hummii_ops.run.entry import NotInThatState
from hummii_ops.run.ship import lines
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.each import on_each
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database import fence
from hummii_ops.tasks.reply.runview import chosen_run, run_json
from hummii_ops.transport import printable


@command(
    "runs",
    help={"verify": "compare each journal on the host with the hash noted here at the run's end; 7 if one differs"},
)
def runs(
    _context: Any, verify: bool = False, limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """The runs that the hosts know, newest first."""
    sites = session.reach(session.choose(env), limit)
    if verify:
        from hummii_ops.tasks.runs.journals import verified

        return verified(sites)
    snapshots = [site.snapshot() for site in sites]
    rows = [(snapshot.host_name, run) for snapshot in snapshots for run in snapshot.runs]
    alive = {snapshot.host_name: snapshot.busy for snapshot in snapshots}
    reports = {run.run_id: report_of(run.run_id) for _, run in rows}
    body = {
        "runs": [
            {"host": host} | run_json(run, busy=alive[host]) | {"report": reports[run.run_id]} for host, run in rows
        ]
    }

    def show(console: Console) -> None:
        table = Table(box=None, pad_edge=False)
        for title in ("host", "run", "state", "from → to", "report", "who", "why"):
            whole = max((len(run.run_id) for _, run in rows), default=0) if title == "run" else None
            table.add_column(title, overflow="fold", min_width=whole)  # a run's id is for copying: never cut
        for host, run in rows:
            way = f"{run.from_release} → {run.to_release}"
            here = "here" if reports[run.run_id] else ""
            cells = (host, run.run_id, run.state or "never started", way, here, run.who, run.reason)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        console.print(table if rows else "no run yet")

    return Reply(kind="runs", body=body, show=show)


def report_of(run_id: str) -> str | None:
    """The page of a run's record on this machine, if it has one."""
    page = session.runs_dir() / run_id / "report.html"
    return str(page) if page.is_file() else None


@command("evidence")
def evidence(
    _context: Any, run: str | None = None, limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """Bring home what a run saved: journal, output, logs and states of what it replaced."""
    folders = []
    for site in session.reach(session.choose(env), limit):
        chosen = chosen_run(site.snapshot(), run)
        folder = session.runs_dir() / chosen.run_id / site.host.name
        mirror.save(site.entry.call("collect", chosen.run_id, limit_s=300).stdout, folder)
        folders.append({"host": site.host.name, "run_id": chosen.run_id, "folder": str(folder)})

    def show(console: Console) -> None:
        for one in folders:
            console.print(f"{one['host']}: {one['folder']}", markup=False)

    return Reply(kind="evidence", body={"folders": folders}, show=show)


@command("unlock", changes=True, help={"abandon": "id of an unfinished run to be given up as it is"})
def unlock(
    _context: Any,
    abandon: str | None = None,
    yes: bool = False,
    reason: str = "",
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Free a lease that nothing uses any more; an unfinished run is given up only by name (--abandon=RUN)."""
    if not reason.strip():
        raise UsageError("unlock needs a reason", remedy='fab unlock --reason="…"')
    session.can_ask(yes=yes, what="unlock")
    sites = session.reach(session.choose(env), limit)
    held = {site.host.name: lease for site in sites if (lease := site.snapshot().lease) is not None}
    if not held:
        raise Refused("there is no lease to free", remedy="who is at work, and where: fab status")
    for host, lease in held.items():
        why = f": {lease.reason}" if lease.reason else ""
        say().print(printable(f"{host}: {lease.who} holds it for {lease.run}{why}"), markup=False)
    session.confirm("Free the lease?", yes=yes, what="unlock")
    about = lines({"who": session.who(), "reason": reason})

    def free(site: Site) -> dict[str, Any]:
        lease = held[site.host.name]
        try:
            said = site.entry.call("unlock", abandon or "-", about=about)
        except NotInThatState as error:
            raise Refused(
                f"{site.host.name}: {lease.run} has not ended; a freed lease would hide that",
                remedy=f"fab resume --run={lease.run}, fab undo --run={lease.run}, "
                f"or give it up: fab unlock --abandon={lease.run} --reason=…",
                run_id=lease.run,
            ) from error
        lift = fence.left_behind(site) if abandon else None
        return {"host": site.host.name, "run_id": said.stdout.decode().strip(), "fence": lift}

    freed = on_each([site for site in sites if site.host.name in held], free)

    def show(console: Console) -> None:
        for one in freed:
            console.print(f"{one['host']}: the lease of {one['run_id']} is free", markup=False)
            if "-db-" in str(one["run_id"]):
                console.print("  what it had begun beside is left: fab clean drops a database, the next backup a dump")
            if one["fence"]:
                console.print("  ! its exchange was cut: the database lets nobody in, and what writes is stopped")
                console.print(f"  next: on {one['host']}: {one['fence']}", markup=False, soft_wrap=True)

    return Reply(kind="unlock", body={"freed": freed}, show=show)


ALL = (runs, evidence, unlock)
