"""All hosts of a run, up to the moment when each waits for its turn: claimed, begun, prepared; or all stopped.

Never changes a host: none is told to go here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from hummii_ops.errors import Detached, HummiiError, Unreachable
from hummii_ops.events import Listener
from hummii_ops.plans.plan import Plan
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.turn import Turn
from hummii_ops.transport import LinkLost

# Makes the listener for one plan, as a context that ends with the run.
Watch = Callable[[Plan], AbstractContextManager[Listener]]


def claim_all(turns: Sequence[Turn]) -> None:
    """In a fixed order, so that two operators cannot hold half each; the first no gives back what was claimed."""
    claimed: list[Turn] = []
    for one in sorted(turns, key=lambda turn: turn.host):
        try:
            one.claim()
        except BaseException as error:
            _give_back(claimed)
            if isinstance(error, LinkLost):
                raise _lost(one, turns) from error
            raise
        claimed.append(one)


def _give_back(turns: Sequence[Turn]) -> None:
    for one in turns:
        one.give_back()


def begin_all(turns: Sequence[Turn]) -> None:
    """All at once on the hosts: what has begun cannot lose its lease while the others prepare."""
    for index, one in enumerate(turns):
        try:
            one.begin()
        except HummiiError:
            leave(turns[:index])
            _give_back(turns[index:])
            raise
        except BaseException as error:  # whether that one began is not known: then it stops by itself
            leave(turns[:index])
            _give_back(turns[index + 1 :])
            if isinstance(error, LinkLost):
                raise _lost(one, turns) from error
            raise


def prepare_all(turns: Sequence[Turn], watch: Watch) -> tuple[Outcome, ...]:
    """Until each waits for its turn: (). If one ends before, the others are stopped too, and nothing was changed."""
    try:
        for index, one in enumerate(turns):
            with watch(one.plan) as listener:
                ended = one.prepare(listener)
            if ended is not None:
                return (*stopped(turns[:index]), ended, *stopped(turns[index + 1 :]))
    except Detached as error:
        leave(turns)
        raise _lost(one, turns) from error
    except BaseException:
        leave(turns)
        raise
    return ()


def stopped(turns: Sequence[Turn]) -> tuple[Outcome, ...]:
    """Their turn will not come. Without our go nothing changes there: also not where we are no longer heard."""
    return tuple(one.stop() or _never_begun(one) for one in turns)


def leave(turns: Sequence[Turn]) -> None:
    """Tell them to stop, without looking whether they do: what does not hear it stops by itself."""
    for one in turns:
        one.leave()


def _never_begun(one: Turn) -> Outcome:
    """The outcome of a host that could not be told to stop: it was never told to go."""
    return Outcome(
        run_id=one.about.run_id,
        host=one.host,
        state="refused",
        steps=(),
        outside=None,
        by_default=False,
        cancelled=False,
        outage_s=0.0,
        outage_reason="nothing was changed: it was not told to go, and stops by itself",
        began_at=None,
        ended_at=None,
    )


def _lost(turn: Turn, turns: Sequence[Turn]) -> Unreachable:
    """The link went before any host was told to go."""
    others = ",".join(one.host for one in turns if one is not turn)
    return Unreachable(
        f"{turn.host}: the link was lost before any host was changed; what has begun there stops by itself in a minute",
        remedy=f"see: fab status; then the same again, or without it: --limit={others}",
        run_id=turn.about.run_id,
    )
