"""A run over the hosts of an environment: independent copies, all claimed, all prepared, then changed in turn.

If one fails, those already changed are taken back, so that all hosts serve the same release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hummii_ops.errors import Detached, ExitCode, HummiiError
from hummii_ops.facts.read import read
from hummii_ops.inventory import Environment
from hummii_ops.plans import turn, undo
from hummii_ops.plans.plan import Plan
from hummii_ops.run import gather, perform
from hummii_ops.run.entry import Entry
from hummii_ops.run.follow import Outside
from hummii_ops.run.gather import Watch
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.perform import Place
from hummii_ops.run.ship import About, new_run_id
from hummii_ops.run.turn import Turn
from hummii_ops.transport import LinkLost


@dataclass(frozen=True, kw_only=True)
class Part:
    """One host's share of a run."""

    environment: Environment
    place: Place
    plan: Plan
    outside: Outside | None

    @property
    def entry(self) -> Entry:
        """The verbs of its host."""
        return Entry(transport=self.place.transport, home=self.place.home)


def in_turn(parts: Sequence[Part]) -> list[Part]:
    """Of several hosts each waits for its turn before its first change; one alone does not."""
    return [replace(part, plan=turn.in_turn(part.plan)) for part in parts] if len(parts) > 1 else list(parts)


def carry_out(parts: Sequence[Part], about: About, watch: Watch) -> tuple[Outcome, ...]:
    """The outcome on each host, in the order of the parts; several must be `in_turn`.

    Raises Busy or Refused before any change, Detached when the link is lost or the operator leaves.
    """
    if len(parts) == 1:
        return (_one(parts[0], about, watch),)
    turns = [Turn(place=part.place, plan=part.plan, about=about, outside=part.outside) for part in parts]
    gather.claim_all(turns)
    gather.begin_all(turns)
    ended = gather.prepare_all(turns, watch)
    return ended or _change_in_turn(parts, turns, about, watch)


def left_alone(host: str, run_id: str) -> Detached:
    """Ctrl-C: we leave, the run goes on."""
    return Detached(
        f"{host}: left at your word; the run goes on by itself",
        remedy=f"watch it: fab attach --run={run_id}; to take it back: fab cancel --run={run_id}",
        run_id=run_id,
    )


def _one(part: Part, about: About, watch: Watch) -> Outcome:
    with watch(part.plan) as listener:
        try:
            return perform.start(part.place, part.plan, about, listener, part.outside)
        except KeyboardInterrupt:
            raise left_alone(part.place.host, about.run_id) from None


def _change_in_turn(parts: Sequence[Part], turns: Sequence[Turn], about: About, watch: Watch) -> tuple[Outcome, ...]:
    outcomes: list[Outcome] = []
    for index, one in enumerate(turns):
        rest = turns[index + 1 :]
        try:
            with watch(one.plan) as listener:
                outcomes.append(one.take(listener))
        except KeyboardInterrupt:
            gather.leave(rest)
            raise _with_the_rest(left_alone(one.host, about.run_id), rest) from None
        except Detached as error:
            gather.leave(rest)
            raise _with_the_rest(error, rest) from error.__cause__
        if outcomes[-1].exit_code not in (ExitCode.DONE, ExitCode.DEGRADED):
            stopped = gather.stopped(rest)
            done = zip(parts[:index], turns[:index], outcomes[:index], strict=True)
            return (*(_take_back(*which, about, watch) for which in done), outcomes[-1], *stopped)
    return tuple(outcomes)


def _with_the_rest(error: Detached, rest: Sequence[Turn]) -> Detached:
    """The error, which also names the hosts that were told to stop."""
    if rest:
        names = ",".join(one.host for one in rest)
        error.what += f"; not begun on {names}: nothing was changed there"
        error.remedy += f"; then the same again with --limit={names}"
    return error


def _take_back(part: Part, ended: Turn, done: Outcome, about: About, watch: Watch) -> Outcome:
    """Undo what this run did on a host, by a run of its own; the outcome then says restored, or mixed."""
    mine = replace(about, run_id=new_run_id("undo"), task="undo", reason=f"another host of {about.run_id} failed")
    try:
        part = replace(part, place=replace(part.place, transport=ended.link()), outside=None)
        snapshot = read(part.place.transport, part.environment, needs_docker=True)
        left = part.entry.call("read_left", about.run_id).stdout.decode()
        plan = undo.build(snapshot, part.environment, part.plan, about.run_id, left)
        taken = _one(replace(part, plan=plan), mine, watch)
    except (HummiiError, LinkLost):
        return replace(done, state="mixed")
    return replace(done, state="restored" if taken.state == "done" else "mixed", taken_back_by=taken.run_id)
