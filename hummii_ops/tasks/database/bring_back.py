"""A rollback of the database as a conversation: read, choose, prepare, show what would be lost, ask, exchange.

With --yes the host goes from the one run to the other by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hummii_ops.errors import Detached, ExitCode, HummiiError, Refused
from hummii_ops.facts.database.read_backups import database_of
from hummii_ops.facts.database.read_database import rows_of
from hummii_ops.plans import prepare_db as plan_prepare_db
from hummii_ops.plans import rollback_db as plan_rollback_db
from hummii_ops.plans.plan import Plan
from hummii_ops.run import perform, preflight
from hummii_ops.run.fleet import left_alone
from hummii_ops.run.outcome import Outcome
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database import prepared, swapping
from hummii_ops.tasks.database.both_plans import Both, Wish, one_site, planned
from hummii_ops.tasks.reply import planshow, told
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import run_reply, watcher
from hummii_ops.transport import LinkLost


def bring_back(wish: Wish, sites: Sequence[Site]) -> Reply:
    """All of it. Raises Refused before anything is stopped, Declined where the name is not typed."""
    site = one_site(sites)
    snapshot = site.snapshot(needs_docker=True)
    preflight.check(snapshot)
    both = planned(wish, site, snapshot)
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


def _ask_and_swap(both: Both, second: Plan, wish: Wish, ended: Outcome) -> Reply:
    """With the plan that was shown: where somebody changed the stack meanwhile, the host refuses it."""
    people = say()
    later = f"  later: fab resume --run={both.ids[0]}; to drop it: fab cancel --run={both.ids[0]}"
    people.print(later, markup=False)  # first of all: the link may be gone
    site = replace(both.site, transport=both.site.place.connect())
    name, now = database_of(site.environment).name, ended.ended_at or both.read_at
    loss = prepared.loss_now(site, both.first, now)
    prepared.show_loss(people, site.host.name, name, loss)
    prepared.show_doubts(people, swapping.doubts_of(site, both.ids[0]))
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
