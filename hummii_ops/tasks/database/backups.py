"""Tasks on the database's backups: backup-db, backups-db. They never ask, and stop nothing."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console

from hummii_ops.errors import ExitCode, HummiiError
from hummii_ops.facts.amounts import size
from hummii_ops.facts.database.backup_judgement import judge_listed
from hummii_ops.facts.database.read_backups import database_of, read_backups
from hummii_ops.plans import backup_db as plan_backup_db
from hummii_ops.run import preflight
from hummii_ops.run.fleet import Part, carry_out
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.ship import About, new_run_id
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database import backupview
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import VERDICTS, watcher, worst
from hummii_ops.transport import printable


@command("backup-db", changes=True, formats=FORMATS_OF_A_RUN)
def backup_db(
    _context: Any, reason: str = "", limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """Dump the database, prove the dump to its last byte, and only then give it a name; nothing is stopped."""
    environment = session.choose(env)
    database_of(environment)
    sites = session.reach(environment, limit)
    parts = [_part(site) for site in sites]
    about = About(
        run_id=new_run_id(plan_backup_db.TASK),
        task=plan_backup_db.TASK,
        who=session.who(),
        reason=reason,
        since_ms=int(time.time() * 1000),
        hosts=tuple(site.host.name for site in sites),
    )
    people = say()
    # One host after another, each by itself: that one cannot be dumped takes nothing from the others.
    outcomes = [carry_out((part,), about, watcher(people, len(parts) > 1))[0] for part in parts]
    made = [_made(site, part) for site, part in zip(sites, parts, strict=True)]
    code = worst(outcomes, asked_back=False)
    body = {
        "run_id": about.run_id,
        "environment": environment.name,
        "backups": [one for one in made if one is not None],
        "steps": [step.as_json() for one in outcomes for step in one.steps if step.outcome != "not reached"],
        "report": str(session.runs_dir() / about.run_id),
    }

    def show(console: Console) -> None:
        for part, outcome, one in zip(parts, outcomes, made, strict=True):
            _show_made(console, part, outcome, one)

    return Reply(kind="backup-db", body=body, exit_code=code, verdict=VERDICTS[code], show=show)


def _part(site: Site) -> Part:
    snapshot = site.snapshot(needs_docker=True)
    preflight.check(snapshot)
    found = read_backups(site.transport, site.environment)
    return part_of(site, plan_backup_db.build(snapshot, site.environment, database_of(site.environment), found))


def _made(site: Site, part: Part) -> dict[str, Any] | None:
    """The backup that lies there now; None if none does, or the host cannot be asked any more."""
    name = next(step.holds[2] for step in part.plan.forward if step.id == "place-backup")
    try:
        found = read_backups(site.place.connect(), site.environment)  # the run's own link may have been lost meanwhile
    except HummiiError:
        return None
    one = next((one for one in found.backups if one.name == name), None)
    return backupview.backup_json(found, one, judge_listed(one, found.served)) if one else None


def _show_made(console: Console, part: Part, outcome: Outcome, made: dict[str, Any] | None) -> None:
    if outcome.exit_code is not ExitCode.DONE:
        _show_not_made(console, outcome)
        return
    console.print(f"{outcome.host}: {part.plan.changes[0]}", style="bold green", markup=False)
    if made is not None:
        rows, schema = sum((made["rows"] or {}).values()), made["schema_head"] or "not known"
        console.print(f"  {size(made['size_bytes'])}, {rows} rows, schema {schema}", markup=False)
    console.print("  it was decoded to its last byte, and its bytes are those of its checksum", markup=False)
    console.print("  next: keep a copy of it on another machine; see all: fab backups-db", markup=False)


def _show_not_made(console: Console, outcome: Outcome) -> None:
    run, failed = f"--run={outcome.run_id}", outcome.failed_step
    said = "interrupted on the host, no backup yet" if outcome.is_unfinished else "no backup was made"
    console.print(f"{outcome.host}: {said}; nothing was changed", style="bold red", markup=False)
    if failed is not None:
        console.print(f"  {failed.id} failed: {printable(failed.reason or '')}", markup=False)
    console.print(f"  next: fab {'resume' if outcome.is_unfinished else 'evidence'} {run}", markup=False)


@command("backups-db")
def backups_db(_context: Any, limit: str | None = None, env: str | None = None, format: str = "text") -> Reply:
    """The database's backups, newest first: kind, loss window, size, and why one cannot be used."""
    environment = session.choose(env)
    database_of(environment)
    sites = session.reach(environment, limit)
    found = [read_backups(site.transport, environment) for site in sites]
    judged = [(one, [(backup, judge_listed(backup, one.served)) for backup in one.backups]) for one in found]
    body = {
        "environment": environment.name,
        "served": [backupview.served_json(one) for one in found],
        "backups": [backupview.backup_json(one, *pair) for one, pairs in judged for pair in pairs],
    }

    def show(console: Console) -> None:
        for one, pairs in judged:
            backupview.show_backups(console, one, pairs)
        console.print("by their first bytes; all of one: fab check-backup --backup=NAME", style="dim", markup=False)

    return Reply(kind="backups-db", body=body, show=show)


ALL = (backup_db, backups_db)
