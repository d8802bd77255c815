"""A run over the hosts of an environment: independent copies, claimed all first, changed one after another.

If one fails, those already changed are taken back, so that all hosts serve the same release.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from hummii_ops.errors import Detached, ExitCode
from hummii_ops.events import Listener
from hummii_ops.plans.plan import Plan
from hummii_ops.run import perform
from hummii_ops.run.entry import Entry
from hummii_ops.run.follow import Outside
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.perform import Place
from hummii_ops.run.ship import About

# Makes the listener for one plan, as a context that ends with the run.
Watch = Callable[[Plan], AbstractContextManager[Listener]]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One host's share of a run."""

    place: Place
    plan: Plan
    outside: Outside | None


def carry_out(parts: Sequence[Part], about: About, watch: Watch) -> tuple[Outcome, ...]:
    """Every host in turn; stops at the first that does not end well. Raises Busy or Refused before any change."""
    if len(parts) > 1:
        _claim_all(parts, about)
    outcomes = []
    for part in parts:
        with watch(part.plan) as listener:
            try:
                outcome = perform.start(part.place, part.plan, about, listener, part.outside)
            except KeyboardInterrupt:
                raise left_alone(part.place.host, about.run_id) from None
        outcomes.append(outcome)
        if outcome.exit_code not in (ExitCode.DONE, ExitCode.DEGRADED):
            break
    return tuple(outcomes)


def left_alone(host: str, run_id: str) -> Detached:
    """Ctrl-C: we leave, the run goes on."""
    return Detached(
        f"{host}: left at your word; the run goes on by itself",
        remedy=f"watch it: fab attach --run={run_id}; to take it back: fab cancel --run={run_id}",
        run_id=run_id,
    )


def _claim_all(parts: Sequence[Part], about: About) -> None:
    """In a fixed order, so that two operators cannot hold half each; the first no gives back what was claimed."""
    claimed: list[Part] = []
    for part in sorted(parts, key=lambda one: one.place.host):
        entry = Entry(transport=part.place.transport, home=part.place.home)
        try:
            entry.call("claim", about.run_id, about=about.lease_lines())
        except BaseException:
            for held in claimed:
                Entry(transport=held.place.transport, home=held.place.home).call("give_back", about.run_id)
            raise
        claimed.append(part)
