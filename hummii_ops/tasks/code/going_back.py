"""The code back to a release on every host of an environment: plan, question, run, reply.

Never changes anything before each host's plan is proven possible, and the question is answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from rich.console import Console

from hummii_ops.checks.stack import outside
from hummii_ops.errors import HummiiError, Interrupted, Refused
from hummii_ops.facts.database.read_migrations import Schema, read_schema
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.reading.read import read_target
from hummii_ops.facts.release import Release
from hummii_ops.facts.restore_points.choose import Choice, choose_latest, choose_to, find
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import rollback as plan_rollback
from hummii_ops.plans import schema_check
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.rollback import Options
from hummii_ops.run.fleet import Part, in_turn
from hummii_ops.run.ship import About, new_run_id
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import of_error
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.code.free_host import Patience, free_snapshot
from hummii_ops.tasks.reply import planshow, told
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import run_reply, watcher


@dataclass(frozen=True, kw_only=True)
class CodeWish:
    """What was asked for: the release `to`, or else the last good one. `as_sh`: of a dry run, as commands."""

    to: str | None = None
    dry_run: bool = False
    yes: bool = False
    reason: str = ""
    wait_s: int = 0
    stop_deploy: bool = False
    as_sh: bool = False
    scenario: str = ""
    options: Options = field(default_factory=Options)
    commit: str = ""  # whose failed deploy this answers by itself
    allowed: Callable[[Snapshot], None] = lambda _snapshot: None  # raises, for what the plan's own look shows


def go_back(wish: CodeWish, sites: Sequence[Site]) -> Reply:
    """The rollback, or its dry run. Raises Refused or Busy where nothing was changed, Declined, Detached."""
    stopped: list[str] = []
    with saying_what_was_ended(stopped):
        parts = in_turn([_part(site, wish, stopped) for site in sites])
        if wish.to is None:
            one_choice([part.plan for part in parts])
        refused = unsafe([part.plan for part in parts])
        if wish.as_sh and refused is None:
            return _as_sh(parts)
        for part in parts:
            planshow.show(say(), part.plan, who=session.who(), reason=wish.reason, dry_run=wish.dry_run)
        if wish.dry_run and not wish.as_sh:
            return _dry(parts, refused)
        if refused is not None:
            raise refused
        question = f"Roll {sites[0].environment.name} back to {parts[0].plan.target.label}?"
        session.confirm(question, yes=wish.yes, what="rollback")
    about = About(
        run_id=new_run_id("rollback"),
        task="rollback",
        who=session.who(),
        reason=wish.reason,
        since_ms=int(time.time() * 1000),
        hosts=tuple(site.host.name for site in sites),
        commit=wish.commit,
        scenario=wish.scenario,
    )
    outside.warm()
    outcomes, telling = told.carried_out(parts, about, watcher(say(), len(parts) > 1))
    return told.ended(telling, run_reply("rollback", parts, outcomes, session.runs_dir() / about.run_id), outcomes)


@contextmanager
def saying_what_was_ended(stopped: Sequence[str]) -> Iterator[None]:
    """Whatever ends the call before the run: "nothing was changed" is not true where a deploy was ended for it."""
    try:
        yield
    except (HummiiError, KeyboardInterrupt) as error:
        if not stopped:
            raise
        ended = f"{', '.join(stopped)} was ended for this rollback, and stays ended"
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted(f"stopped before the rollback began; {ended}") from None
        error.what = f"{error.what.replace('; nothing was changed', '')}; {ended}"
        raise


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


def _part(site: Site, wish: CodeWish, stopped: list[str]) -> Part:
    """The plan for one host, proven possible as far as reading can prove it. `stopped`: what was ended, in words."""
    mine: list[str] = []

    def ended(what: str) -> None:
        stopped.append(what)
        mine.append(f"{what} was ended for this rollback")

    patience = Patience(
        wait_s=wish.wait_s,
        stop_deploy=wish.stop_deploy and not wish.dry_run,
        yes=wish.yes,
        reason=wish.reason,
        needs=lambda snapshot: wish.to and find(releases(snapshot, site.environment), wish.to, snapshot),
        ended=ended,
    )
    snapshot = free_snapshot(site, patience)
    wish.allowed(snapshot)
    found = releases(snapshot, site.environment)
    if wish.to is None:
        choice = choose_latest(found, snapshot)
    else:
        choice = Choice(release=choose_to(found, wish.to, snapshot), never_proven=False, passed_over=())
    facts, schema = _looked_at(site, snapshot, choice.release)
    passed = tuple(f"passed over {one.id} ({one.version or 'no version'}): {why}" for one, why in choice.passed_over)
    options = replace(wish.options, never_proven=choice.never_proven, passed_over=(*mine, *passed))
    plan = plan_rollback.build(snapshot, site.environment, choice.release, facts, options, schema)
    return part_of(site, plan)


def _looked_at(site: Site, snapshot: Snapshot, release: Release) -> tuple[TargetFacts, Schema]:
    """The closer look at the release and at the database, both at once: the operator waits for it."""
    image = release.image_id(site.environment.version_service)
    with ThreadPoolExecutor(1) as beside:
        schema = beside.submit(read_schema, site.transport, site.environment, snapshot, image)
        return read_target(site.transport, site.environment, release), schema.result()


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
