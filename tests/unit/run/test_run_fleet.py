"""Several hosts, changed in turn: what becomes of those that are done when one stops, fails, or the operator leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from made_runs import a_plan, a_state, a_step_result, an_outcome

from hummii_ops.errors import Detached, Unreachable
from hummii_ops.events import Event, Listener
from hummii_ops.inventory.models import Environment
from hummii_ops.plans.plan import Plan
from hummii_ops.run.fleet import Part, change_in_turn
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.perform import Place
from hummii_ops.run.ship import About
from hummii_ops.run.turn import Turn
from hummii_ops.transport import LocalTransport, Transport

RUN = "20260101T000000Z-rollback-aaaa"
ABOUT = About(run_id=RUN, task="rollback", who="a@b", reason="", since_ms=0, hosts=("h-1", "h-2", "h-3"))
STATE = a_state("1.0")
HOSTS = [{"name": name, "address": "192.0.2.1", "user": "deploy"} for name in ABOUT.hosts]
ENVIRONMENT = Environment.model_validate({"name": "e", "hosts": HOSTS})


def plan(host: str) -> Plan:
    return a_plan(host=host, left=STATE, target=STATE)


def end(host: str, state: str, failed: str = "") -> Outcome:
    step = a_step_result(id=failed, title=failed, host=host, outcome="failed", reason="-")
    return an_outcome(run_id=RUN, host=host, state=state, steps=(step,) if failed else ())


@dataclass(kw_only=True)
class Scripted(Turn):
    """A host that ends as it is told to by the test. `way_back` is what comes of the link for taking it back."""

    ends: Outcome | BaseException
    way_back: BaseException
    stops: BaseException | None = None

    def take(self, listener: Listener) -> Outcome:
        if isinstance(self.ends, BaseException):
            raise self.ends
        return self.ends

    def stop(self) -> Outcome | None:
        if self.stops is not None:
            raise self.stops
        return end(self.host, "refused", "turn")

    def leave(self) -> None:
        self.stop()

    def link(self) -> Transport:
        raise self.way_back


@contextmanager
def nobody(_plan: Plan) -> Iterator[Listener]:
    def hear(_event: Event) -> None:
        """Nobody looks."""

    yield hear


def led(
    *ends: Outcome | BaseException, way_back: BaseException | None = None, stops: BaseException | None = None
) -> tuple[Outcome, ...]:
    """The hosts h-1 … end so, one after another."""
    parts, turns = [], []
    for name, one in zip(ABOUT.hosts, ends, strict=False):
        place = Place(host=name, home="/", connect=LocalTransport, transport=LocalTransport(), runs_dir=Path())
        parts.append(Part(environment=ENVIRONMENT, place=place, plan=plan(name), outside=None))
        lost = way_back or Unreachable("gone")
        turns.append(
            Scripted(place=place, plan=plan(name), about=ABOUT, outside=None, ends=one, way_back=lost, stops=stops)
        )
    return change_in_turn(parts, turns, ABOUT, nobody)


def test_a_host_that_stopped_by_itself_takes_nothing_back() -> None:
    """The laptop slept: the second host was not led and changed nothing; the first is done, proven, and stays so."""
    silence = KeyboardInterrupt("the way back was begun")
    ends = led(end("h-1", "done"), end("h-2", "refused", "turn"), end("h-3", "done"), way_back=silence)
    assert [one.state for one in ends] == ["done", "refused", "refused"]
    assert ends[0].taken_back_by is None


@pytest.mark.parametrize("state", ["restored", "mixed", "refused"])
def test_a_host_that_cannot_be_taken_back_is_told_as_it_is(state: str) -> None:
    """Another host failed, and the first does not answer: it still runs the release, and the undo that was meant is
    named."""
    ends = led(end("h-1", "done"), end("h-2", state, "settled"))
    assert [one.state for one in ends] == ["done", state]
    assert "-undo-" in (ends[0].taken_back_by or "")


def test_leaving_while_one_is_taken_back() -> None:
    """Ctrl-C after the first change is never 130: 8, with what is where and how to take back what is done."""
    with pytest.raises(Detached) as left:
        led(end("h-1", "done"), end("h-2", "restored"), end("h-3", "done"), way_back=KeyboardInterrupt())
    assert "h-1: done, h-2: restored" in left.value.what
    assert f"fab undo --run={RUN} --limit=h-1" in left.value.remedy


def test_leaving_while_others_are_told_to_stop() -> None:
    """Ctrl-C while the rest is told to stop: they stop by themselves, and that is said."""
    with pytest.raises(Detached) as left:
        led(end("h-1", "restored"), end("h-2", "done"), stops=KeyboardInterrupt())
    assert "h-1: restored, h-2: not told to go" in left.value.what


def test_leaving_twice() -> None:
    """A second Ctrl-C only leaves at once: still 8, with the host whose run goes on and those that never began."""
    with pytest.raises(Detached) as left:
        led(KeyboardInterrupt(), end("h-2", "done"), stops=KeyboardInterrupt())
    assert "h-1: left at your word" in left.value.what
    assert "not begun on h-2" in left.value.what


def test_the_link_is_lost_while_one_is_taken_back() -> None:
    """The undo goes on under an id of its own, which is named; a host that was to follow is named as well."""
    undo = "20260101T000009Z-undo-bbbb"
    lost = Detached("h-1 did not answer", remedy=f"fab attach --run={undo}", run_id=undo)
    with pytest.raises(Detached) as left:
        led(end("h-1", "done"), end("h-2", "done"), end("h-3", "restored"), way_back=lost)
    assert left.value.run_id == undo
    assert f"--run={undo}" in left.value.remedy
    assert f"fab undo --run={RUN} --limit=h-2" in left.value.remedy
