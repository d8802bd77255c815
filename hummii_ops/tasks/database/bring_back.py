"""A rollback of the database as a conversation: read, choose, prepare, show what would be lost, ask, exchange.

With --yes the host goes from the one run to the other by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hummii_ops.errors import Detached, ExitCode, HummiiError, Refused
from hummii_ops.facts.database.backup import Contents
from hummii_ops.facts.database.read_backups import check_sql, database_of, read_backups
from hummii_ops.facts.database.read_database import rows_of
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import prepare_db as plan_prepare_db
from hummii_ops.plans import rollback_db as plan_rollback_db
from hummii_ops.plans import schema_check
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.prepare_db import Options as PrepareOptions
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.plans.work import Options
from hummii_ops.run import perform, preflight
from hummii_ops.run.fleet import left_alone
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.ship import new_run_id
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database import prepared, swapping
from hummii_ops.tasks.database.backup_choice import Suits, chosen
from hummii_ops.tasks.database.code_choice import Code, code_of
from hummii_ops.tasks.reply import planshow, told
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import run_reply, watcher
from hummii_ops.transport import LinkLost


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the operator asked for. `to` and `latest`: the release that the code moves to; neither: it stays."""

    backup: str
    to: str | None = None
    latest: bool = False
    dry_run: bool = False
    yes: bool = False
    reason: str = ""
    deep: bool = False
    safety_dump: bool = True
    from_database: str | None = None
    require_checksum: bool = False
    scenario: str = ""
    options: Options


@dataclass(frozen=True, kw_only=True)
class Both:
    """The two plans for one host, the ids of their runs, and when the host was read."""

    site: Site
    ids: tuple[str, str]
    first: Plan
    second: Plan
    read_at: datetime


def bring_back(wish: Wish, sites: Sequence[Site]) -> Reply:
    """All of it. Raises Refused before anything is stopped, Declined where the name is not typed."""
    site = one_site(sites)
    snapshot = site.snapshot(needs_docker=True)
    preflight.check(snapshot)
    both = _planned(wish, site, snapshot)
    plans = (both.first, both.second)
    for plan in plans:
        planshow.show(say(), plan, who=session.who(), reason=wish.reason, dry_run=wish.dry_run)
    loss = prepared.loss_now(site, both.first, snapshot.read_at)
    prepared.show_loss(say(), site.host.name, database_of(site.environment).name, loss)
    if wish.dry_run:
        body: dict[str, Any] = {"plans": [plan.as_json() | {"plan_id": plan.digest} for plan in plans]}
        body |= {"backup": loss.backup, "loss_window_s": loss.window_s, "rows_newer": loss.rows_newer}
        return Reply(kind="dry-run", body=body, show=planshow.can_run)
    if wish.yes:
        about = swapping.about_of(plan_rollback_db.TASK, both.ids[1], site, wish.reason, wish.scenario)
        perform.lay_ready(site.place, plans[1], about)
    ended = _prepare(both, wish, swapping.told_to(loss))
    if ended.state != "prepared":
        return run_reply("rollback-db", [part_of(site, both.first)], [ended], session.runs_dir() / both.ids[0])
    return _follow_swap(both, plans[1], ended, wish, loss) if wish.yes else _ask_and_swap(both, plans[1], wish, ended)


def _planned(wish: Wish, site: Site, snapshot: Snapshot) -> Both:
    environment = site.environment
    database = database_of(environment)
    code = _code(wish, site, snapshot)
    swapping.check_free(site)
    found = read_backups(site.transport, environment)
    suits = _suits(wish, site, snapshot, code.pair)
    backup, contents, passed = chosen(
        site,
        found,
        wish.backup,
        suits,
        from_database=wish.from_database,
        require_checksum=wish.require_checksum,
    )
    options = PrepareOptions(
        deep=wish.deep,
        safety_dump=wish.safety_dump,
        check_sql=check_sql(database),
        code=code.id,
        settle_s=wish.options.settle_s,
        health_timeout_s=wish.options.health_timeout_s,
    )
    first = plan_prepare_db.build(snapshot, environment, database, found, backup, contents, options)
    first = replace(first, warnings=(*first.warnings, *passed))
    ids = new_run_id(plan_prepare_db.TASK), new_run_id(plan_rollback_db.TASK)
    what = swapping.prepared_names(first, ids[0], suits(contents))

    second = plan_rollback_db.build(snapshot, environment, database, what, code.pair, code.told(wish.options))
    return Both(site=site, ids=ids, first=first, second=second, read_at=snapshot.read_at)


def _code(wish: Wish, site: Site, snapshot: Snapshot) -> Code:
    """A release that is not there is said first; then whether anybody can answer, before the backup is read whole."""
    code = code_of(site, snapshot, wish.to, latest=wish.latest)
    if not wish.dry_run:
        session.can_ask(yes=wish.yes, what="rollback-db")
    return code


def _suits(wish: Wish, site: Site, snapshot: Snapshot, code: tuple[Release, TargetFacts] | None) -> Suits:
    """Whether the code that is to run can serve a backup."""
    schema, image = swapping.schema_of(site, snapshot, code)

    def suits(contents: Contents) -> SchemaCheck:
        applied, failed = contents.migrations, contents.failed_migrations
        return schema_check.of_backup(schema, applied, failed, image, despite=wish.options.despite_schema)

    return suits


def _ask_and_swap(both: Both, second: Plan, wish: Wish, ended: Outcome) -> Reply:
    """With the plan that was shown: where somebody changed the stack meanwhile, the host refuses it."""
    site, people = replace(both.site, transport=both.site.place.connect()), say()
    name, now = database_of(site.environment).name, ended.ended_at or both.read_at
    loss = prepared.loss_now(site, both.first, now)
    prepared.show_loss(people, site.host.name, name, loss)
    prepared.show_doubts(people, swapping.doubts_of(site, both.ids[0]))
    people.print(f"  later: fab resume --run={both.ids[0]}; to drop it: fab cancel --run={both.ids[0]}", markup=False)
    prepared.confirm_by_name(name, yes=False)
    return swapping.swap_now(site, second, both.ids[1], wish.reason, ended, loss, scenario=wish.scenario)


def _prepare(both: Both, wish: Wish, to: str) -> Outcome:
    """The first run; what lies ready for after it is given up where it does not begin. A cut one can be resumed."""
    site, plan = both.site, both.first
    about = swapping.about_of(plan_prepare_db.TASK, both.ids[0], site, wish.reason, wish.scenario)
    plan = plan_prepare_db.followed_by(plan, both.ids[1]) if wish.yes else plan
    part = replace(part_of(site, plan), outside=None)
    try:
        (ended,) = told.prepared((part,), about, watcher(say(), False), to=to)
    except HummiiError as error:
        if wish.yes and error.exit_code is not ExitCode.DETACHED:
            _give_up(site, both.ids[1])
        raise
    return ended


def _give_up(site: Site, run_id: str) -> None:
    with suppress(HummiiError, LinkLost):
        replace(site.entry, transport=site.place.connect()).call("cancel", run_id)


def _follow_swap(both: Both, second: Plan, ended: Outcome, wish: Wish, loss: prepared.Loss) -> Reply:
    """The second run has been begun by the host itself: watch it to its end."""
    site, ids = both.site, both.ids
    about = swapping.about_of(plan_rollback_db.TASK, ids[1], site, wish.reason, wish.scenario)
    telling = told.told_of(site.environment, about, (second,), to=swapping.told_to(loss))
    if telling is not None:
        telling.say("planned")
    part = part_of(site, second)
    try:
        with told.heard(watcher(say(), False), telling)(second) as listener:
            outcome = perform.watch(site.place, second, ids[1], listener, part.outside)
    except Refused as refused:  # never "nothing was changed": the host goes on without us
        raise Detached(
            f"{site.host.name}: prepared; whether the exchange goes on is unknown ({refused.what})",
            remedy=f"see: fab status; watch it: fab attach --run={ids[1]}; to take it back: fab cancel --run={ids[1]}",
            run_id=ids[1],
        ) from refused
    except KeyboardInterrupt:
        raise left_alone(site.host.name, ids[1]) from None
    if outcome.state == "ready":
        raise Refused(
            f"{site.host.name}: prepared, but the exchange did not begin: it was cut, or somebody else was at work",
            remedy=f"see who is at work: fab status; then: fab resume --run={ids[0]}",
            run_id=ids[0],
        )
    live = rows_of(_mirrored(site.place, ids[0], "facts/rows-live"))
    loss = prepared.loss_of(dict(both.first.notes), live, outcome.began_at or site.snapshot().read_at)
    return told.ended(telling, swapping.swapped_reply("rollback-db", site, part, outcome, ended, loss), (outcome,))


def _mirrored(place: perform.Place, run_id: str, name: str) -> str:
    path = place.folder(run_id) / name
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def one_site(sites: Sequence[Site]) -> Site:
    """The one host that is meant. Raises Refused for several: each has a database of its own."""
    if len(sites) > 1:
        names = ", ".join(site.host.name for site in sites)
        raise Refused(
            f"each of {names} has a database of its own, with backups of its own",
            remedy="one host after the other: --limit=NAME",
        )
    return sites[0]
