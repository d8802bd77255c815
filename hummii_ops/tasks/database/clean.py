"""fab clean: databases that earlier rollbacks set aside, dropped for good when they are old enough; never the last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from hummii_ops.errors import ExitCode, UsageError
from hummii_ops.facts.amounts import size
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.database.read_backups import database_of
from hummii_ops.facts.database.read_database import OurDatabase, read_databases
from hummii_ops.plans import clean_db
from hummii_ops.run import preflight
from hummii_ops.run.fleet import carry_out
from hummii_ops.run.ship import new_run_id
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.database.both_plans import one_site
from hummii_ops.tasks.database.swapping import about_of
from hummii_ops.tasks.reply import planshow
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import VERDICTS, watcher

TASK = "clean"
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
# A run that may still serve its database, or be asked to.
_IN_USE = frozenset({"prepared", "forward", "back", "mixed", "ready", None})  # as their runs are


@command(
    TASK,
    changes=True,
    help={"older_than": "only what a run made longer ago than this: 30d, 12h, 2w"},
    formats=FORMATS_OF_A_RUN,
)
def clean(
    _context: Any,
    older_than: str = "",
    dry_run: bool = False,
    yes: bool = False,
    reason: str = "",
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Drop databases that earlier rollbacks set aside, for good; never the last one, nor one that waits for a word."""
    age = _age(older_than)
    environment = session.choose(env)
    database = database_of(environment)
    if not dry_run:
        session.can_ask(yes=yes, what=TASK)
    site = one_site(session.reach(environment, limit))
    snapshot = site.snapshot(needs_docker=True)
    preflight.check(snapshot)
    ours = read_databases(site.transport, environment).ours
    dropped = old_enough(ours, snapshot.runs, snapshot.read_at - age)
    kept = [one.name for one in ours if one not in dropped]
    body: dict[str, Any] = {"run_id": None, "dropped": [one.name for one in dropped], "kept": kept}

    def show(console: Console) -> None:
        for one in ours:
            words = ("would be dropped" if dry_run else "dropped") if one in dropped else "kept"
            console.print(f"{site.host.name}: {one.name}, {size(one.size_bytes)}: {words}", markup=False)
        if not ours:
            console.print(f"{site.host.name}: no database was set aside", markup=False)

    if dry_run or not dropped:
        return Reply(kind=TASK, body=body, show=show)
    plan = clean_db.build(TASK, snapshot, environment, database, dropped)
    planshow.show(say(), plan, who=session.who(), reason=reason, dry_run=False)
    session.confirm(f"Drop {len(dropped)} for good?", yes=yes, what=TASK)
    about = about_of(TASK, new_run_id(TASK), site, reason)
    (outcome,) = carry_out((replace(part_of(site, plan), outside=None),), about, watcher(say(), False))
    gone = {step.id for step in outcome.steps if step.outcome in ("done", "skipped")}
    dropped = [one for one, step in zip(dropped, plan.forward, strict=True) if step.id in gone]
    code = outcome.exit_code
    if code is ExitCode.REFUSED and dropped:
        code = ExitCode.MIXED  # some are gone for good
    kept = [one.name for one in ours if one not in dropped]
    body |= {"run_id": outcome.run_id, "dropped": [one.name for one in dropped], "kept": kept}
    return Reply(kind=TASK, body=body, exit_code=code, verdict=VERDICTS[code], show=show)


def old_enough(ours: Sequence[OurDatabase], runs: Sequence[RunFact], before: datetime) -> list[OurDatabase]:
    """Those that a finished run made before then; never what an undo needs, nor what an undo of an undo does.

    That is the newest that was served before; and a restored one that is newer, was served and was taken back.
    """
    states = {run.run_id: run.state for run in runs}
    aside = max((one for one in ours if one.is_aside), key=lambda one: one.run_id, default=None)
    back = max((one for one in ours if states.get(one.run_id) == "done"), key=lambda one: one.run_id, default=None)
    return [
        one
        for one in ours
        if one not in (aside, back) and states.get(one.run_id, "done") not in _IN_USE and _made_at(one) < before
    ]


def _made_at(one: OurDatabase) -> datetime:
    """The time in the id of the run that made it."""
    return datetime.strptime(one.run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _age(text: str) -> timedelta:
    matched = re.fullmatch(r"(\d{1,5})([mhdw])", text, re.ASCII)
    if matched is None:
        raise UsageError("--older-than is a number and m, h, d or w", remedy="for example: fab clean --older-than=30d")
    return timedelta(seconds=int(matched[1]) * _UNITS[matched[2]])


ALL = (clean,)
