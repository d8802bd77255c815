"""The run that exchanges the served database with one that a run has prepared."""

from __future__ import annotations

import time
from dataclasses import replace

from rich.console import Console

from hummii_ops.errors import ExitCode, HummiiError, Refused, UsageError
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.database.read_backups import database_of
from hummii_ops.facts.database.read_database import read_databases, read_obstacles
from hummii_ops.facts.database.read_migrations import Schema, read_migrations
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import rollback_db as plan_rollback_db
from hummii_ops.plans import schema_check
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.plans.work import Options
from hummii_ops.run import perform, preflight
from hummii_ops.run.fleet import Part
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.ship import About, new_run_id
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database import fence, prepared
from hummii_ops.tasks.database.code_choice import code_of
from hummii_ops.tasks.database.prepared import Loss, loss_lines
from hummii_ops.tasks.reply import planshow, told
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import run_reply, watcher
from hummii_ops.transport import LinkLost, printable


def resume_prepared(site: Site, snapshot: Snapshot, run: RunFact, *, yes: bool, reason: str) -> Reply:
    """Go on with what was prepared: the loss window anew, the typed name, the exchange.

    Raises Refused where the stack or the database is not what it was prepared against.
    """
    session.can_ask(yes=yes, what="resume")
    if yes and not reason:
        raise UsageError("--yes stands for the typed name only with a reason", remedy='add --reason="…"')
    preflight.check(snapshot)
    database, first = database_of(site.environment), perform.plan_of(site.place, run.run_id)
    if first.expect != snapshot.expectation_text():
        raise Refused(
            f"{site.host.name}: the stack is not what {run.run_id} prepared against: it was changed since",
            remedy=f"prepare anew: fab rollback-db --backup=…; to drop what is prepared: fab cancel --run={run.run_id}",
            run_id=run.run_id,
        )
    check_still_there(site, run.run_id)
    check_free(site)
    code = code_of(site, snapshot, first.notes.get("code", "").strip() or None)
    schema, image = schema_of(site, snapshot, code.pair)
    check = schema_check.of_backup(schema, tuple(first.notes["schema"].split()), (), image, despite=True)
    names = prepared_names(first, run.run_id, check)
    options = swap_options(first.notes.get("options", ""))
    second = plan_rollback_db.build(snapshot, site.environment, database, names, code.pair, options)
    people = say()
    planshow.show(people, second, who=session.who(), reason=reason, dry_run=False)
    loss = prepared.loss_now(site, first, snapshot.read_at)
    prepared.show_loss(people, site.host.name, database.name, loss)
    prepared.show_doubts(people, doubts_of(site, run.run_id))
    prepared.confirm_by_name(database.name, yes=yes)
    return swap_now(site, second, new_run_id(plan_rollback_db.TASK), reason, None, loss)


def swap_options(note: str) -> Options:
    """What was asked for when it was prepared, as the plan's note keeps it; of an older one the inventory's."""
    told = dict(line.split("=", 1) for line in note.splitlines() if "=" in line)
    seconds = {key: int(value) for key, value in told.items() if value.isdecimal()}
    return Options(health_timeout_s=seconds.get("health_timeout"), settle_s=seconds.get("settle"))


def swap_now(
    site: Site, second: Plan, run_id: str, reason: str, ended: Outcome | None, loss: Loss, *, scenario: str = ""
) -> Reply:
    """The run that exchanges the databases, from here to its end."""
    part = part_of(site, second)
    about = about_of(plan_rollback_db.TASK, run_id, site, reason, scenario)
    (outcome,), telling = told.carried_out((part,), about, watcher(say(), False), to=told_to(loss))
    return told.ended(telling, swapped_reply("rollback-db", site, part, outcome, ended, loss), (outcome,))


def told_to(loss: Loss) -> str:
    """Where a database goes back to, in the words that people are told."""
    return f"the database of {loss.backup}"


def about_of(task: str, run_id: str, site: Site, reason: str, scenario: str = "") -> About:
    """Who runs what and why, on one host."""
    return About(
        run_id=run_id,
        task=task,
        who=session.who(),
        reason=reason,
        since_ms=int(time.time() * 1000),
        hosts=(site.host.name,),
        scenario=scenario,
    )


def check_free(site: Site) -> None:
    """Raises Refused for what stands in the way of a swap."""
    found = read_obstacles(site.transport, site.environment)
    if found:
        fenced = any("does not accept connections" in one for one in found)  # the words of obstacles.sql
        lift = f"if no run is at work, on {site.host.name}: {fence.lifted_by(site.environment)}"
        raise Refused(
            f"{site.host.name}: {'; '.join(found[:3])}",
            remedy=lift if fenced else "end what is at work there, or wait for it; then again",
        )


def check_still_there(site: Site, run_id: str) -> None:
    """Raises Refused where what the run restored is not there any more."""
    if not any(one.run_id == run_id for one in read_databases(site.transport, site.environment).ours):
        raise Refused(
            f"{site.host.name}: the database that {run_id} prepared is gone",
            remedy="prepare anew: fab rollback-db --backup=…",
            run_id=run_id,
        )


def swapped_reply(kind: str, site: Site, part: Part, outcome: Outcome, ended: Outcome | None, loss: Loss) -> Reply:
    """The end of the run that exchanged the databases, with the figures of both runs."""
    reply = run_reply(kind, [part], [outcome], session.runs_dir() / outcome.run_id)
    fact = dict(line.split("=", 1) for line in _fact(site, outcome.run_id, "swap").splitlines() if "=" in line)
    restored = next((one.elapsed_s for one in ended.steps if one.id == "restore-side"), None) if ended else None
    done = outcome.state == "done"
    doubts = doubts_of(site, part.plan.swap.prepared) if part.plan.swap else ()
    body = {
        "prepared_by": part.plan.swap.prepared if part.plan.swap else None,
        "backup": loss.backup,
        "swap_ms": int(fact["ms"]) if fact.get("ms", "").isdecimal() and done else None,
        "restore_s": restored,
        "loss_window_s": loss.window_s,
        "rows_newer": loss.rows_newer,
        "old_database": fact.get("old_database") if done else None,
        "doubts": list(doubts),
    }

    def show(console: Console) -> None:
        reply.show(console)
        if reply.exit_code in (ExitCode.DONE, ExitCode.DEGRADED) and done:
            served = part.plan.swap.served.name if part.plan.swap else ""
            console.print(
                printable(f"  {served}: {loss.backup} is served, exchanged in {body['swap_ms']} ms"), markup=False
            )
            console.print(f"  the database from before is kept as {body['old_database']}, fenced; in it:", markup=False)
            for line in loss_lines(loss):
                console.print(printable(f"    {line}"), markup=False)
            prepared.show_doubts(console, doubts)

    return replace(reply, body=reply.body | body, show=show)


def doubts_of(site: Site, run_id: str) -> tuple[str, ...]:
    """What that run found in the backup and does not refuse: a sequence that was behind when it was made."""
    return tuple(printable(line) for line in _fact(site, run_id, "doubts").splitlines())


def _fact(site: Site, run_id: str, name: str) -> str:
    """A value that was born in a run; "" where the host cannot be asked any more."""
    try:
        return replace(site.entry, transport=site.place.connect()).call("read_fact", run_id, name).stdout.decode()
    except (HummiiError, LinkLost):
        return ""


def schema_of(site: Site, snapshot: Snapshot, code: tuple[Release, TargetFacts] | None) -> tuple[Schema, str | None]:
    """The migrations of the images, and the id of the one that is to run on the backup."""
    service = site.environment.version_service
    running = [one.image_id for one in snapshot.service(service)]
    image = code[0].image_id(service) if code else next(iter(running), None)
    return read_migrations(site.transport, site.environment, {*running, *([image] if image else [])}), image


def prepared_names(plan: Plan, run_id: str, check: SchemaCheck) -> plan_rollback_db.Prepared:
    """What a finished preparation offers to the run that exchanges."""
    lines = dict(line.split("=", 1) for line in plan.notes["backup"].splitlines() if "=" in line)
    return plan_rollback_db.Prepared(run_id=run_id, backup=lines["name"], schema=plan.notes["schema"], check=check)
