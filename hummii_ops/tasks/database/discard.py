"""What a run has prepared, given up: its database is dropped, by a run of its own."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console

from hummii_ops.errors import ExitCode, Unreachable
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.database.read_backups import database_of
from hummii_ops.facts.database.read_database import read_databases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import clean_db
from hummii_ops.run import preflight
from hummii_ops.run.fleet import carry_out
from hummii_ops.run.ship import new_run_id
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database.swapping import about_of
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import VERDICTS, watcher
from hummii_ops.transport import LinkLost

DISCARD = "discard-db"


def discard(site: Site, snapshot: Snapshot, run: RunFact, *, yes: bool, reason: str) -> Reply:
    """Give up what was prepared: its database is dropped, by a run of its own; the served one is not touched."""
    session.confirm(f"Drop the database that {run.run_id} prepared?", yes=yes, what="cancel")
    preflight.check(snapshot)
    ours = [one for one in read_databases(site.transport, site.environment).ours if one.run_id == run.run_id]
    dropped = [one for one in ours if not one.is_aside]
    plan = clean_db.build(DISCARD, snapshot, site.environment, database_of(site.environment), dropped)
    about = about_of(DISCARD, new_run_id(DISCARD), site, reason)
    (outcome,) = carry_out((replace(part_of(site, plan), outside=None),), about, watcher(say(), False))
    if outcome.exit_code is ExitCode.DONE:
        try:
            replace(site.entry, transport=site.place.connect()).call("discard", run.run_id)
        except LinkLost as lost:
            raise Unreachable(
                f"{site.host.name}: the link was lost; its database is dropped, the run still counts as prepared",
                remedy=f"the same again: fab cancel --run={run.run_id}",
                run_id=run.run_id,
            ) from lost
    body = {"run_id": outcome.run_id, "given_up": run.run_id, "dropped": [one.name for one in dropped], "kept": []}

    def show(console: Console) -> None:
        words = "given up; its database is dropped" if dropped else "given up"
        words = words if outcome.exit_code is ExitCode.DONE else "could not be given up"
        console.print(f"{site.host.name}: {run.run_id} {words}; what is served was not touched", markup=False)

    code = outcome.exit_code
    return Reply(kind="clean", body=body, exit_code=code, verdict=VERDICTS[code], show=show)
