"""fab check-backup: can a backup be used? Read to its last byte; with --restore also restored beside, and dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rich.console import Console

from hummii_ops.errors import ExitCode, Refused, UsageError
from hummii_ops.facts.amounts import size
from hummii_ops.facts.database.backup import Backup, Backups, Contents
from hummii_ops.facts.database.choose_backup import candidates, checked
from hummii_ops.facts.database.read_backups import database_of, read_backups
from hummii_ops.plans import prepare_db
from hummii_ops.run import preflight
from hummii_ops.run.fleet import carry_out
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.ship import new_run_id
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database import backupview
from hummii_ops.tasks.database.backup_choice import judged_whole
from hummii_ops.tasks.database.swapping import about_of
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import VERDICTS, watcher
from hummii_ops.transport import printable


@command(
    "check-backup",
    help={
        "backup": "a path, a name, a timestamp, or latest: the newest that passes",
        "from_database": "the database that it is of, when that is not the one which is served",
        "require_checksum": "one without a checksum is not usable",
        "restore": "also restore it beside the served database, prove it there, and drop it again",
    },
    formats=FORMATS_OF_A_RUN,
)
def check_backup(
    _context: Any,
    backup: str = "",
    from_database: str | None = None,
    require_checksum: bool = False,
    restore: bool = False,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Can this backup be used? Reads it to its last byte, on the host; 0 if it can, 3 and why if it cannot."""
    environment = session.choose(env)
    database_of(environment)
    if not backup:
        raise UsageError("say which backup: --backup=NAME or --backup=latest", remedy="see them: fab backups-db")
    checked(backup)
    looked = []
    for site in session.reach(environment, limit):
        looked += _look(site, backup, from_database=from_database, require_checksum=require_checksum, restore=restore)
    chosen = {one["host"]: one for one in looked}  # the last of each host: those before it were passed over
    usable = all(one["usable"] for one in chosen.values())
    body = {
        "environment": environment.name,
        "backups": list(chosen.values()),
        "passed_over": [one for one in looked if one is not chosen[one["host"]]],
    }

    def show(console: Console) -> None:
        for one in looked:
            backupview.show_judged(console, one)

    code = ExitCode.DONE if usable else ExitCode.REFUSED
    return Reply(kind="check-backup", body=body, exit_code=code, verdict=VERDICTS[code], show=show)


def _look(
    site: Site, text: str, *, from_database: str | None, require_checksum: bool, restore: bool
) -> list[dict[str, Any]]:
    """What was looked at on a host, to the first that can be used."""
    found = read_backups(site.transport, site.environment)
    if found.served is None:
        raise Refused(f"{found.host_name}: {found.error}; its tools are what reads a backup", remedy="fab status")
    looked = []
    for one in candidates(found, text):
        reading = printable(f"{found.host_name}: reading {one.name}, {size(one.size_bytes)}…")
        say().print(reading, style="dim", markup=False)
        judgement, contents = judged_whole(site, found, one, from_database, require_checksum)
        drilled = _drill(site, found, one, contents) if restore and judgement.usable and contents else None
        if drilled is not None:
            judgement = replace(judgement, reasons=_not_restored(site, drilled))
        body = backupview.backup_json(found, one, judgement, contents)
        looked.append(body | {"restored": drilled is not None and drilled.exit_code is ExitCode.DONE})
        if judgement.usable:
            break
    return looked


def _not_restored(site: Site, drilled: Outcome) -> tuple[str, ...]:
    """Why the drill did not come to its end. Raises Refused for what is not the backup's own fault."""
    if drilled.exit_code is ExitCode.DONE:
        return ()
    failed = drilled.failed_step
    if failed is None or failed.id in ("database-is-free", "database-has-room"):
        why = f"{failed.id}: {failed.reason}" if failed else f"it ended as {drilled.state}"
        raise Refused(
            f"{site.host.name}: the drill could not be made ({printable(why)})",
            remedy=f"fab evidence --run={drilled.run_id}; then again",
            run_id=drilled.run_id,
        )
    return (f"it cannot be restored: {printable(failed.reason or '')}",)


def _drill(site: Site, found: Backups, one: Backup, contents: Contents) -> Outcome:
    """Restore it beside, prove it, drop it: a run of its own, that touches nothing which is served."""
    snapshot = site.snapshot(needs_docker=True)
    preflight.check(snapshot)
    database = database_of(site.environment)
    plan = prepare_db.drill(snapshot, site.environment, database, found, one, contents, prepare_db.Options())
    about = about_of(prepare_db.DRILL, new_run_id(prepare_db.DRILL), site, f"can {one.name} be restored?")
    (outcome,) = carry_out((replace(part_of(site, plan), outside=None),), about, watcher(say(), False))
    return outcome


ALL = (check_backup,)
