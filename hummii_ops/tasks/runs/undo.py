"""fab undo: takes a run back, whether it has ended or not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from hummii_ops.errors import Refused, UsageError
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import undo as plan_undo
from hummii_ops.run import perform, preflight
from hummii_ops.run.fleet import Part, in_turn
from hummii_ops.run.ship import About, new_run_id
from hummii_ops.steps import Effect
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database import prepared
from hummii_ops.tasks.reply import planshow, told
from hummii_ops.tasks.reply.meant import chosen_among, newest, on
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import run_reply, watcher
from hummii_ops.tasks.reply.runview import chosen_run
from hummii_ops.tasks.runs.takeup import go_on


@command("undo", changes=True, formats=FORMATS_OF_A_RUN)
def undo(
    _context: Any,
    run: str | None = None,
    yes: bool = False,
    reason: str = "",
    dry_run: bool = False,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Take a run back: an unfinished one goes back now; a finished one is undone, with its mark and its hold."""
    environment = session.choose(env)
    sites = session.reach(environment, limit)
    snapshots = [site.snapshot() for site in sites]
    chosen = chosen_among(snapshots, run, to_undo=True)
    here = [on(snapshot, chosen.run_id) for snapshot in snapshots]
    if any(one and one.is_unfinished for one in here):  # where it has ended, a second undo takes it back
        if dry_run:
            raise UsageError(
                f"{chosen.run_id} has not ended: undo goes back at once, it has no plan of its own",
                remedy="see where it stands: fab status; or without --dry-run",
            )
        session.confirm(f"Go back to the state from before {chosen.run_id}?", yes=yes, what="undo")
        return go_on(
            "undo", "back", chosen.run_id, list(zip(sites, snapshots, strict=True)), unfinished=True, asked_back=True
        )
    newest_on_all(snapshots, chosen)
    ended = list(zip(sites, snapshots, here, strict=True))
    done = [one for one in ended if one[2] and one[2].state == "done"] or ended
    parts = in_turn([_undo_part(site, snapshot, chosen.run_id) for site, snapshot, _ in done])
    people = say()
    for part in parts:
        planshow.show(people, part.plan, who=session.who(), reason=reason, dry_run=dry_run)
    if dry_run:
        body = {"plans": [part.plan.as_json() | {"plan_id": part.plan.digest} for part in parts]}
        return Reply(kind="dry-run", body=body, show=planshow.can_run)
    _confirm(parts, chosen.run_id, yes=yes)
    about = About(
        run_id=new_run_id("undo"),
        task="undo",
        who=session.who(),
        reason=reason,
        since_ms=int(time.time() * 1000),
        hosts=tuple(part.place.host for part in parts),
    )
    outcomes, telling = told.carried_out(parts, about, watcher(people, len(parts) > 1))
    return told.ended(telling, run_reply("undo", parts, outcomes, session.runs_dir() / about.run_id), outcomes)


def _confirm(parts: Sequence[Part], run_id: str, *, yes: bool) -> None:
    """The name of the database, where another one is served in its place; else a y: code alone replaces no data."""
    served = [one.plan.swap.served.name for one in parts if one.plan.swap]
    if any(step.effect is Effect.REPLACES for one in parts for step in one.plan.forward) and served:
        prepared.confirm_by_name(served[0], yes=yes, to="serve the other one again", what="undo")
        return
    session.confirm(f"Undo {run_id}: back to {parts[0].plan.target.label}?", yes=yes, what="undo")


def newest_on_all(snapshots: Sequence[Snapshot], chosen: RunFact) -> None:
    """Raises Refused where the run is the last that changed some of the hosts, and not the last on the others."""
    why: dict[str, str] = {}
    for snapshot in snapshots:
        last = newest(snapshot)
        if on(snapshot, chosen.run_id) is None:
            why[snapshot.host_name] = "it was not run there"
        elif last is not None and last.run_id > chosen.run_id:
            why[snapshot.host_name] = f"{last.run_id} came after it"
    rest = [snapshot.host_name for snapshot in snapshots if snapshot.host_name not in why]
    if why and rest:
        raise Refused(
            f"{chosen.run_id} is not the last run on all hosts: " + "; ".join(f"{h}: {w}" for h, w in why.items()),
            remedy=f"where it is the last: fab undo --run={chosen.run_id} --limit={','.join(rest)}",
            run_id=chosen.run_id,
        )


def _undo_part(site: Site, snapshot: Snapshot, run_id: str) -> Part:
    preflight.check(snapshot)
    chosen = chosen_run(snapshot, run_id)
    if chosen.state == "abandoned":
        raise Refused(
            f"{site.host.name}: {run_id} was given up: an undo takes back only what has ended",
            remedy="see what runs: fab status; then: fab rollback --latest, or --to=…",
        )
    if chosen.state != "done":
        raise Refused(
            f"{site.host.name}: {run_id} ended as {chosen.state}: it left nothing to undo",
            remedy="see what runs: fab status",
        )
    done = perform.plan_of(site.place, run_id)
    left = site.entry.call("read_fact", run_id, "left").stdout.decode()
    return part_of(site, plan_undo.build(snapshot, site.environment, done, run_id, left))


ALL = (undo,)
