"""A run over several hosts, as a task takes it up: which is meant, where it is followed, what stands on the others.

Pure: it tells from what was read, and asks no host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hummii_ops.errors import Busy, Refused
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans.before import version_of
from hummii_ops.plans.plan import Plan
from hummii_ops.run import journal
from hummii_ops.steps.gates import TURN
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.reply.runview import chosen_run

Found = tuple[Site, Snapshot, RunFact]


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A host that a task passes over, since the run has ended there. `at_target`: the run's target still runs."""

    host: str
    runs: str
    at_target: bool


@dataclass(frozen=True, kw_only=True)
class Meant:
    """`leads`: a resume may give the hosts their turns, for none has kept or got back the release from before."""

    followed: tuple[Found, ...]
    beside: tuple[Beside, ...]
    leads: bool


def chosen_among(snapshots: Sequence[Snapshot], run: str | None, *, to_undo: bool = False) -> RunFact:
    """The run that is meant on these hosts: by its id, else an unfinished one of any, else the newest of all.

    `to_undo`: a backup of the database went nowhere, so that there is nothing to take back; it is passed over.
    """
    if run is not None:
        at = next((one for one in snapshots if any(each.run_id == run for each in one.runs)), snapshots[0])
        return chosen_run(at, run)
    started = [one.unfinished_run for one in snapshots if one.unfinished_run]
    ended = [one.last_change if to_undo else one.last_run for one in snapshots]
    started = started or [one for one in ended if one]
    return max(started, key=lambda one: one.run_id) if started else chosen_run(snapshots[0], None, to_undo=to_undo)


def on(snapshot: Snapshot, run_id: str) -> RunFact | None:
    """The run on this host; None if it was never sent there."""
    return next((one for one in snapshot.runs if one.run_id == run_id), None)


def newest(snapshot: Snapshot) -> RunFact | None:
    """The last run that left something here: one that was refused, or is restored, left all as it was."""
    left = (one for one in snapshot.runs if one.has_started and one.has_target)
    left = (one for one in left if one.state not in ("refused", "restored"))
    return next(left, None)


def stands(snapshot: Snapshot, run: RunFact) -> bool:
    """Has the run come to its target here, and has no other changed the host since?"""
    last = newest(snapshot)
    return run.state == "done" and last is not None and last.run_id == run.run_id


def meant(task: str, run: str | None, seen: Sequence[tuple[Site, Snapshot]], *, unfinished: bool) -> Meant:
    """The run on each host that it concerns; where it has ended it is passed over, unless it has ended on all."""
    chosen = chosen_among([snapshot for _, snapshot in seen], run)
    here = ((site, snapshot, on(snapshot, chosen.run_id)) for site, snapshot in seen)
    found = [(site, snapshot, one) for site, snapshot, one in here if one is not None]
    followed = [each for each in found if not unfinished or each[2].is_unfinished or each[2].state == "ready"]
    if not followed:
        site, _, one = found[0]
        raise Refused(
            f"{site.host.name}: {one.run_id} has ended ({one.state}); there is nothing to {task}",
            remedy=f"to take it back: fab undo --run={one.run_id}",
            run_id=one.run_id,
        )
    beside = tuple(_beside(*each) for each in found if each not in followed)
    whole = len(found) == len(seen) and all(one.at_target for one in beside)
    leads = task == "resume" and whole and all(one.state == "forward" for _, _, one in followed)
    return Meant(followed=tuple(followed), beside=beside, leads=leads)


def check_prepared(snapshot: Snapshot, run: RunFact, plan: Plan) -> None:
    """No host is changed before all are prepared: raises Busy or Refused where the run has not come to its turn."""
    ids = [step.id for step in plan.forward]
    to_prepare = ids[: ids.index(TURN)] if TURN in ids else []
    events = journal.parse(snapshot.journal, run_id=run.run_id, host=snapshot.host_name)
    steps = [event.step for event in events if event.step]  # the read brings the journal's end, not all of it
    if not to_prepare or snapshot.lease is None or (steps and steps[-1] not in to_prepare):
        return
    if snapshot.busy:
        raise Busy(
            f"{snapshot.host_name}: {run.run_id} still prepares, and {snapshot.lease.who} leads it",
            remedy=f"watch it: fab attach --run={run.run_id}",
            run_id=run.run_id,
        )
    raise Refused(
        f"{snapshot.host_name}: {run.run_id} was interrupted before it was prepared; no host begins before all are",
        remedy=f"fab cancel --run={run.run_id}; then the same again",
        run_id=run.run_id,
    )


def _beside(site: Site, snapshot: Snapshot, run: RunFact) -> Beside:
    runs = version_of(snapshot, site.environment.version_service) or "no version that can be read"
    return Beside(host=site.host.name, runs=runs, at_target=stands(snapshot, run))
