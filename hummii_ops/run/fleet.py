"""A run over the hosts of an environment: independent copies, claimed all first, changed one after another.

If one fails, those already changed are taken back, so that all hosts serve the same release.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from hummii_ops.errors import Detached, ExitCode, HummiiError
from hummii_ops.events import Listener
from hummii_ops.facts.read import read
from hummii_ops.inventory import Environment
from hummii_ops.plans import undo
from hummii_ops.plans.plan import Plan
from hummii_ops.run import perform
from hummii_ops.run.entry import Entry
from hummii_ops.run.follow import Outside
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.perform import Place
from hummii_ops.run.ship import About, new_run_id
from hummii_ops.transport import LinkLost

# Makes the listener for one plan, as a context that ends with the run.
Watch = Callable[[Plan], AbstractContextManager[Listener]]


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


def carry_out(parts: Sequence[Part], about: About, watch: Watch) -> tuple[Outcome, ...]:
    """Every host in turn; at the first that does not end well, those before it are taken back.

    Raises Busy or Refused before any change, Detached when the link is lost or the operator leaves.
    """
    if len(parts) > 1:
        _claim_all(parts, about)
    outcomes: list[Outcome] = []
    for index, part in enumerate(parts):
        try:
            outcomes.append(_one(part, about, watch))
        except HummiiError as error:
            _give_back(parts[index + 1 :], about)
            if index == 0 or isinstance(error, Detached):
                raise _with_the_rest(error, parts[index + 1 :]) from error.__cause__
            outcomes.append(_refused(part, about, error))
        if outcomes[-1].exit_code not in (ExitCode.DONE, ExitCode.DEGRADED):
            _give_back(parts[index + 1 :], about)
            taken_back = [_take_back(*pair, about, watch) for pair in zip(parts[:index], outcomes, strict=False)]
            return (*taken_back, outcomes[-1])
    return tuple(outcomes)


def _with_the_rest(error: HummiiError, rest: Sequence[Part]) -> HummiiError:
    """The error, which also names the hosts that were not reached."""
    if rest:
        names = ",".join(part.place.host for part in rest)
        error.what += f"; not begun on {names}"
        error.remedy += f"; then the same again with --limit={names}"
    return error


def _refused(part: Part, about: About, error: HummiiError) -> Outcome:
    """A host that said no before anything changed there, while others had been changed."""
    return Outcome(
        run_id=about.run_id,
        host=part.place.host,
        state="refused",
        steps=(),
        outside=None,
        by_default=False,
        cancelled=False,
        outage_s=0.0,
        outage_reason=f"nothing was changed: {error.what}",
        began_at=None,
        ended_at=None,
    )


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


def _claim_all(parts: Sequence[Part], about: About) -> None:
    """In a fixed order, so that two operators cannot hold half each; the first no gives back what was claimed."""
    claimed: list[Part] = []
    for part in sorted(parts, key=lambda one: one.place.host):
        try:
            part.entry.call("claim", about.run_id, about=about.lease_lines())
        except BaseException:
            _give_back(claimed, about)
            raise
        claimed.append(part)


def _give_back(parts: Sequence[Part], about: About) -> None:
    """The leases of hosts that were not reached; one that cannot be told is free by itself after two minutes."""
    for part in parts:
        try:
            part.entry.call("give_back", about.run_id)
        except (HummiiError, LinkLost):
            continue


def _take_back(part: Part, done: Outcome, about: About, watch: Watch) -> Outcome:
    """Undo what this run did on a host, by a run of its own; the outcome then says restored, or mixed."""
    mine = replace(about, run_id=new_run_id("undo"), task="undo", reason=f"another host of {about.run_id} failed")
    try:
        snapshot = read(part.place.transport, part.environment, needs_docker=True)
        left = part.entry.call("read_left", about.run_id).stdout.decode()
        plan = undo.build(snapshot, part.environment, part.plan, about.run_id, left)
        ended = _one(replace(part, plan=plan, outside=None), mine, watch)
    except (HummiiError, LinkLost):
        return replace(done, state="mixed")
    return replace(done, state="restored" if ended.state == "done" else "mixed", taken_back_by=ended.run_id)
