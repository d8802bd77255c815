"""A run over the hosts of an environment: independent copies, all claimed, all prepared, then changed in turn.

If one fails, those already changed are taken back, so that all hosts serve the same release.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from hummii_ops.errors import Detached, ExitCode, HummiiError
from hummii_ops.facts.reading.read import read
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
    return ended or change_in_turn(parts, turns, about, watch)


def left_alone(host: str, run_id: str) -> Detached:
    """Ctrl-C: we leave, the run goes on."""
    return Detached(
        f"{host}: left at your word; the run goes on by itself",
        remedy=f"watch it: fab attach --run={run_id}; to take it back: fab cancel --run={run_id}",
        run_id=run_id,
    )


def _one(part: Part, about: About, watch: Watch) -> Outcome:
    try:
        with watch(part.plan) as listener:
            return perform.start(part.place, part.plan, about, listener, part.outside)
    except KeyboardInterrupt:
        raise left_alone(part.place.host, about.run_id) from None


def change_in_turn(parts: Sequence[Part], turns: Sequence[Turn], about: About, watch: Watch) -> tuple[Outcome, ...]:
    """Tell one after another to go. Who leaves from here on is told what is where: never "nothing was changed"."""
    ends: list[Outcome] = []
    try:
        for index, one in enumerate(turns):
            ends.append(_take(one, turns[index + 1 :], watch))
            if ends[-1].exit_code in (ExitCode.DONE, ExitCode.DEGRADED):
                continue
            stopped = gather.stopped(turns[index + 1 :])
            # Nobody led it for a while, as when a laptop slept: nothing was changed there, and nothing speaks against
            # the release. What is done and proven elsewhere stays: silence never undoes it.
            if not ends[-1].only_waited:
                _take_back_all(parts[:index], turns[:index], ends, about, watch)
            return (*ends, *stopped)
    except KeyboardInterrupt:
        raise _left(turns, ends, about.run_id) from None
    return tuple(ends)


def _take(one: Turn, rest: Sequence[Turn], watch: Watch) -> Outcome:
    try:
        with watch(one.plan) as listener:
            return one.take(listener)
    except KeyboardInterrupt:
        raise _leaving(left_alone(one.host, one.about.run_id), rest) from None
    except Detached as error:
        raise _leaving(error, rest) from error.__cause__


def _leaving(error: Detached, rest: Sequence[Turn]) -> Detached:
    """Tell the rest to stop; the error then names them. A second Ctrl-C only leaves at once."""
    with suppress(KeyboardInterrupt):
        gather.leave(rest)
    if rest:
        names = ",".join(one.host for one in rest)
        error.what += f"; not begun on {names}: nothing was changed there"
        error.remedy += f"; then the same again with --limit={names}"
    return error


def _left(turns: Sequence[Turn], ends: Sequence[Outcome], run_id: str) -> Detached:
    """Ctrl-C while others were told to stop or taken back: what is where, as far as it is known."""
    there = [f"{one.host}: {one.state}" for one in ends]
    there += [f"{one.host}: not told to go, stops by itself" for one in turns[len(ends) :]]
    done = ",".join(one.host for one in ends if one.state == "done")
    undo = f"; to take back what is done: fab undo --run={run_id} --limit={done}" if done else ""
    return Detached(f"left at your word; {', '.join(there)}", remedy=f"what is where: fab status{undo}", run_id=run_id)


def _take_back_all(
    parts: Sequence[Part], turns: Sequence[Turn], ends: list[Outcome], about: About, watch: Watch
) -> None:
    """Put in `ends` what became of each host that was done."""
    for index, (part, ended) in enumerate(zip(parts, turns, strict=True)):
        try:
            ends[index] = _take_back(part, ended, ends[index], about, watch)
        except Detached as error:
            rest = ",".join(one.host for one in turns[index + 1 :])
            if rest:
                error.what += f"; not yet taken back: {rest}"
                error.remedy += f"; then fab undo --run={about.run_id} --limit={rest}"
            raise


def _take_back(part: Part, ended: Turn, done: Outcome, about: About, watch: Watch) -> Outcome:
    """Undo what this run did on a host, by a run of its own; the outcome then says restored, mixed, or still done."""
    mine = replace(about, run_id=new_run_id("undo"), task="undo", reason=f"another host of {about.run_id} failed")
    try:
        part = replace(part, place=replace(part.place, transport=ended.link()), outside=None)
        snapshot = read(part.place.transport, part.environment, needs_docker=True)
        left = part.entry.call("read_fact", about.run_id, "left").stdout.decode()
        plan = undo.build(snapshot, part.environment, part.plan, about.run_id, left)
        taken = _one(replace(part, plan=plan), mine, watch)
    except Detached:
        raise  # the undo goes on by itself, under its own id
    except (HummiiError, LinkLost):
        return replace(done, taken_back_by=mine.run_id)  # it did not begin: what was done still stands
    kept = "done" if taken.state in ("restored", "refused", "abandoned") else "mixed"
    return replace(done, state="restored" if taken.state == "done" else kept, taken_back_by=mine.run_id)
