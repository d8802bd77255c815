"""A run that was said beforehand to follow another on its host: who takes up the first is shown the second as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hummii_ops.errors import Detached, Refused
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans.plan import Plan
from hummii_ops.run import perform
from hummii_ops.run.fleet import Part
from hummii_ops.run.outcome import Outcome
from hummii_ops.tasks.call.said import say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import watcher


def cut_before_it_began(snapshot: Snapshot) -> RunFact | None:
    """The run that has the lease, has not begun, and is not at work: its runner was cut as it took over."""
    if snapshot.lease is None or snapshot.busy:
        return None
    return next((one for one in snapshot.runs if one.run_id == snapshot.lease.run and one.state == "ready"), None)


def follows(plan: Plan) -> str:
    """The id of the run that the host goes on with when this one has prepared all; "" for none."""
    return plan.notes.get("next", "").strip()


def to_the_last(
    site: Site, parts: Sequence[Part], ended: Sequence[Outcome], *, asked_back: bool
) -> tuple[Sequence[Part], list[Outcome]]:
    """The part and the end of the run that the host has gone on with; the first one's where it did not go on.

    `asked_back`: that one is to go back as well.
    """
    following = follows(parts[0].plan)
    if len(parts) != 1 or ended[0].state != "prepared" or not following:
        return parts, list(ended)
    try:
        site = replace(site, transport=site.place.connect())
        part = part_of(site, perform.plan_of(site.place, following))
    except Refused as lost:  # never "nothing was changed": the host goes on without us
        raise Detached(
            f"{site.host.name}: all is prepared; then the link was lost, and {following} goes on by itself",
            remedy=f"watch it: fab attach --run={following}",
            run_id=following,
        ) from lost
    with watcher(say(), False)(part.plan) as listener:
        verb = "back" if asked_back else "follow"
        outcome = perform.watch(part.place, part.plan, following, listener, part.outside, verb=verb)
    if outcome.state in ("ready", "abandoned"):
        return parts, list(ended)
    return [part], [outcome]
