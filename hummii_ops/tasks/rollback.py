"""fab rollback: code, images and configuration back to a release, on every host of the environment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from rich.console import Console

from hummii_ops.checks import outside
from hummii_ops.errors import Busy, ExitCode, Refused, UsageError
from hummii_ops.facts.choose import Choice, checked, choose_latest, choose_to
from hummii_ops.facts.choose_backup import checked as checked_backup
from hummii_ops.facts.parse_target import TargetFacts
from hummii_ops.facts.read import read_target
from hummii_ops.facts.read_migrations import Schema, read_schema
from hummii_ops.facts.release import Release
from hummii_ops.facts.releases import releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import rollback as plan_rollback
from hummii_ops.plans import schema_check
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.rollback import Options
from hummii_ops.run import preflight
from hummii_ops.run.fleet import Part, in_turn
from hummii_ops.run.ship import About, new_run_id
from hummii_ops.tasks import planshow, session, told
from hummii_ops.tasks.bring_back import Wish, bring_back
from hummii_ops.tasks.frame import Reply, command, of_error, say
from hummii_ops.tasks.parts import part_of
from hummii_ops.tasks.releases import releases_reply
from hummii_ops.tasks.report import run_reply, watcher
from hummii_ops.tasks.session import Site

_HELP = {
    "latest": "to the newest release that was proven good before what runs now",
    "to": "to this release: a restore point's timestamp, a version, or the beginning of one (1.1 never means 1.10)",
    "list": "show the restore points, and do nothing",
    "health_timeout": "seconds to wait for health (default: from the healthchecks, at least 60)",
    "settle": "seconds for which everything must stay up and healthy (default: the inventory's)",
    "keep_env": "keep today's env files, instead of those of the release",
    "despite_schema": "go on although the release's code cannot serve the database as it is; the run records it",
    "with_db": "bring the database back as well, to this backup: a name, a timestamp, or latest",
    "format": "text, json, or with --dry-run also sh: the plan as commands for a person",
}


@command("rollback", changes=True, help=_HELP, formats=("text", "json", "sh"))
def rollback(
    _context: Any,
    latest: bool = False,
    to: str | None = None,
    list: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    reason: str = "",
    health_timeout: int = 0,
    settle: int = -1,
    keep_env: bool = False,
    despite_schema: bool = False,
    with_db: str | None = None,
    wait: int = 0,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Bring production back to a release: --latest for the last good one, or --to=RELEASE. Proven, and undoable."""
    environment = session.choose(env)
    if latest and to is not None:
        raise UsageError("--latest and --to name two targets; say one of them")
    if settle < -1 or health_timeout < 0 or wait < 0:
        raise UsageError("--settle, --health-timeout and --wait are seconds, from 0 up")
    if to is not None:
        checked(to)  # what can never be a release is wrong usage, whoever is at work and whether or not a host answers
    if with_db is not None and yes and not reason:
        raise UsageError("--with-db: --yes stands for the typed name only with a reason", remedy='add --reason="…"')
    if with_db is not None and (keep_env or wait or format == "sh"):
        raise UsageError("--with-db goes without --keep-env, --wait and --format=sh")
    if format == "sh" and not dry_run:
        raise UsageError("--format=sh is for reading a plan: it goes with --dry-run", remedy="add --dry-run")
    if not dry_run and not list and (latest or to is not None):
        session.can_ask(yes=yes, what="rollback")
    sites = session.reach(environment, limit)
    if list or (not latest and to is None):
        return releases_reply(sites, exit_code=ExitCode.DONE if list else ExitCode.USAGE)
    options = Options(
        health_timeout_s=health_timeout or None,
        settle_s=None if settle < 0 else settle,
        keep_env=keep_env,
        despite_schema=despite_schema,
    )
    if with_db is not None:
        wish = Wish(
            backup=checked_backup(with_db),
            to=to,
            latest=latest,
            dry_run=dry_run,
            yes=yes,
            reason=reason,
            options=options,
        )
        return bring_back(wish, sites)
    parts = in_turn([_part(site, latest=latest, to=to, options=options, wait_s=wait) for site in sites])
    if latest:
        one_choice([part.plan for part in parts])
    refused = unsafe([part.plan for part in parts])
    if format == "sh" and refused is None:
        return _as_sh(parts)
    people = say()
    for part in parts:
        planshow.show(people, part.plan, who=session.who(), reason=reason, dry_run=dry_run)
    if dry_run and format != "sh":
        return _dry(parts, refused)
    if refused is not None:
        raise refused
    question = f"Roll {environment.name} back to {parts[0].plan.target.label}?"
    session.confirm(question, yes=yes, what="rollback")
    about = About(
        run_id=new_run_id("rollback"),
        task="rollback",
        who=session.who(),
        reason=reason,
        since_ms=int(time.time() * 1000),
        hosts=tuple(site.host.name for site in sites),
    )
    outside.warm()
    outcomes, telling = told.carried_out(parts, about, watcher(people, len(parts) > 1))
    return told.ended(telling, run_reply("rollback", parts, outcomes, session.runs_dir() / about.run_id), outcomes)


def one_choice(plans: Sequence[Plan]) -> None:
    """Each host chose its last good release for itself. Raises Refused if they did not choose the same one."""
    chosen = {plan.target.identity or plan.target.label for plan in plans}
    if len(chosen) < 2:
        return
    each = "; ".join(f"{one.host}: {one.target.label} ({one.target.release_id})" for one in plans)
    raise Refused(
        f"the last good release is not the same on all hosts ({each}); nothing was changed",
        remedy="say which one: fab rollback --to=…; or one host after the other: --limit=…",
    )


def unsafe(plans: Sequence[Plan]) -> Refused | None:
    """Why the code alone must not go back: somewhere it cannot serve the database, and nobody said --despite-schema."""
    refused = [(plan, plan.schema_check) for plan in plans if plan.schema_check and plan.schema_check.refuses]
    if not refused:
        return None
    label = plans[0].target.label
    each = "; ".join(f"{plan.host}: {schema_check.reasons(check)}" for plan, check in refused)
    return Refused(
        f"the code of {label} cannot serve the database as it is now; nothing was changed ({each})",
        remedy=f"the database goes back as well: fab rollback --to={label} --with-db=latest; "
        "or the code alone, if you know that it works: the same with --despite-schema",
    )


def _part(site: Site, *, latest: bool, to: str | None, options: Options, wait_s: int) -> Part:
    """The plan for one host, proven possible as far as reading can prove it."""
    snapshot = _free_snapshot(site, wait_s)
    found = releases(snapshot, site.environment)
    choice = (
        choose_latest(found, snapshot)
        if latest
        else Choice(release=choose_to(found, to or "", snapshot), never_proven=False, passed_over=())
    )
    facts, schema = _looked_at(site, snapshot, choice.release)
    passed = tuple(f"passed over {one.id} ({one.version or 'no version'}): {why}" for one, why in choice.passed_over)
    chosen = replace(options, never_proven=choice.never_proven, passed_over=passed)
    plan = plan_rollback.build(snapshot, site.environment, choice.release, facts, chosen, schema)
    return part_of(site, plan)


def _looked_at(site: Site, snapshot: Snapshot, release: Release) -> tuple[TargetFacts, Schema]:
    """The closer look at the release and at the database, both at once: the operator waits for it."""
    image = release.image_id(site.environment.version_service)
    with ThreadPoolExecutor(1) as beside:
        schema = beside.submit(read_schema, site.transport, site.environment, snapshot, image)
        return read_target(site.transport, site.environment, release), schema.result()


def _free_snapshot(site: Site, wait_s: int) -> Snapshot:
    """What is true on the host, once no one else is at work on it. Raises Busy or Refused."""
    deadline = time.monotonic() + wait_s
    while True:
        snapshot = site.snapshot()
        try:
            preflight.check(snapshot)
        except Busy:
            if time.monotonic() >= deadline:
                raise
            say().print(f"{site.host.name}: someone is at work; waiting…", style="dim")
            time.sleep(2)
            continue
        return snapshot


def _as_sh(parts: Sequence[Part]) -> Reply:
    def show(console: Console) -> None:
        for part in parts:
            console.file.write(planshow.as_sh(part.plan))  # as it is: nothing wrapped, no tab widened

    return Reply(kind="dry-run", show=show)


def _dry(parts: Sequence[Part], refused: Refused | None) -> Reply:
    body = {"plans": [part.plan.as_json() | {"plan_id": part.plan.digest} for part in parts]}
    if refused is None:
        return Reply(kind="dry-run", body=body, show=planshow.can_run)
    error = of_error(refused)
    return replace(error, kind="dry-run", body=body | error.body)
