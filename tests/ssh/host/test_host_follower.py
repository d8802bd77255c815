"""The laptop's follower: a link that is lost, a far side that dies, and gates that it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rig import Rig, Shipped
from rig_steps import failing

from hummii_ops.errors import Detached, HostKeyError, Unreachable
from hummii_ops.events import Event
from hummii_ops.run import ship
from hummii_ops.run.follow import WAITS, Follower
from hummii_ops.steps.gates import turn
from hummii_ops.steps.health import confirmed_outside
from hummii_ops.transport import LinkLost, LocalTransport


class Cut(LocalTransport):
    """A link that is lost after so many lines."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._left = after

    def stream(self, script: str, *args: str, on_line: Callable[[str], None], silence_s: float = 15) -> int:
        def hear(line: str) -> None:
            on_line(line)
            self._left -= 1
            if self._left <= 0:
                raise LinkLost("cut", sent=True)

        return super().stream(script, *args, on_line=hear, silence_s=silence_s)


def test_lost_again_and_again(dash_rig: Rig) -> None:
    """Over a link that is cut after every third line, the run begins once and every event is told once, in order."""
    run = dash_rig.new_run(dash_rig.swap(failing()))
    told: list[Event] = []
    follower = Follower(
        connect=lambda: Cut(3), host="here", home=str(dash_rig.home), run_id=run.id, listener=told.append
    )
    state = follower.follow("begin", about=run.about.lease_lines(), payload=ship.pack(run.texts))
    assert state == "restored"
    kinds = [event for event in told if event.kind not in ("link-lost", "link-back")]
    assert kinds == list(run.events())
    assert "link-back" in {event.kind for event in told}
    assert run.said().count("begin") == 1


class Killed(Cut):
    """A link on which the far side's follower is killed after so many lines: it ends with a signal's exit code."""

    def stream(self, script: str, *args: str, on_line: Callable[[str], None], silence_s: float = 15) -> int:
        try:
            return super().stream(script, *args, on_line=on_line, silence_s=silence_s)
        except LinkLost:
            return 137


def follower_of(run: Shipped, *links: Callable[[], LocalTransport], detach_after_s: float = 20) -> Follower:
    """A follower that gets these links one after another, and then the last one for ever."""
    left = list(links)

    def connect() -> LocalTransport:
        return (left.pop(0) if len(left) > 1 else left[0])()

    return Follower(
        connect=connect,
        host="here",
        home=str(run.rig.home),
        run_id=run.id,
        listener=lambda event: None,
        detach_after_s=detach_after_s,
    )


@pytest.mark.parametrize("lines", [1, 4])
def test_a_killed_follower_says_nothing_about_the_run(dash_rig: Rig, lines: int) -> None:
    """The far side's follower is killed, and so is the next one: unknown is not refused, and the end is heard."""
    run = dash_rig.new_run(dash_rig.swap())
    follower = follower_of(run, lambda: Killed(lines), lambda: Killed(lines), LocalTransport)
    assert follower.follow("begin", about=run.about.lease_lines(), payload=ship.pack(run.texts)) == "done"
    assert run.said().count("begin") == 1


def silent() -> LocalTransport:
    raise Unreachable("here does not answer")


def test_a_run_that_goes_on_by_itself_is_looked_for(dash_rig: Rig) -> None:
    """The host begins the exchange when it has prepared; a host that does not answer just then is asked again."""
    run = dash_rig.new_run(dash_rig.swap())
    begun = follower_of(run, LocalTransport)
    assert begun.follow("begin", about=run.about.lease_lines(), payload=ship.pack(run.texts)) == "done"
    with pytest.raises(Unreachable):
        follower_of(run, silent, silent, LocalTransport).follow("follow")
    assert replace(follower_of(run, silent, silent, LocalTransport), goes_on=True).follow("follow") == "done"


def another_key() -> LocalTransport:
    raise HostKeyError("here: another host key", remedy="find out why")


def no_answer() -> LocalTransport:
    raise Unreachable("here: no answer", remedy="try again")


@pytest.mark.parametrize("again", [another_key, no_answer])
def test_a_run_that_is_lost_from_sight_is_not_refused(dash_rig: Rig, again: Callable[[], LocalTransport]) -> None:
    """The link is lost, and the host answers no more, or with another key: we leave (8) and name attach; it ends."""
    run = dash_rig.new_run(dash_rig.swap())
    follower = follower_of(run, lambda: Cut(2), again, detach_after_s=0.5)
    with pytest.raises(Detached) as left:
        follower.follow("begin", about=run.about.lease_lines(), payload=ship.pack(run.texts))
    assert left.value.run_id == run.id
    assert f"fab attach --run={run.id}" in left.value.remedy
    run.until_quiet()
    assert run.state() == "done"


class Quiet(LocalTransport):
    """A link over which the host says that it is there, and of the run nothing; then it is lost."""

    def stream(self, script: str, *args: str, on_line: Callable[[str], None], silence_s: float = 15) -> int:
        on_line("B")
        raise LinkLost("cut", sent=True)


def test_a_link_that_came_back_has_all_its_time_anew(dash_rig: Rig) -> None:
    """A long step says nothing for minutes: what counts is when the host was heard last, not when the link was lost."""
    run = dash_rig.new_run(dash_rig.swap())
    begun = follower_of(run, LocalTransport)
    assert begun.follow("begin", about=run.about.lease_lines(), payload=ship.pack(run.texts)) == "done"
    follower = follower_of(run, Quiet, Quiet, LocalTransport, detach_after_s=0.2)  # each loss takes as long as that
    assert follower.follow("follow") == "done"


def test_followed_to_its_turn_and_from_there(dash_rig: Rig) -> None:
    """Followed until it waits for its turn, told go over a link that is cut again and again, every event comes once."""
    plan = dash_rig.swap()
    run = dash_rig.new_run(replace(plan, forward=(plan.forward[0], turn(), plan.forward[1]))).sent()
    run.start()
    told: list[Event] = []
    follower = follower_of(run, lambda: Cut(3))
    follower.listener = told.append
    assert follower.follow("follow", until="turn") == WAITS
    assert dash_rig.words() == ["new", "old"]
    assert follower.follow_after("turn", "go") == "done"
    assert [event for event in told if event.kind not in ("link-lost", "link-back")] == list(run.events())


def test_the_gate_is_answered_by_the_follower(dash_rig: Rig) -> None:
    """When the run waits for the outside, the follower asks once and sends the answer."""
    run = dash_rig.new_run(dash_rig.swap(confirmed_outside(20)))
    asked: list[str] = []

    def outside() -> str:
        asked.append("asked")
        return "back"

    follower = Follower(
        connect=LocalTransport,
        host="here",
        home=str(dash_rig.home),
        run_id=run.id,
        listener=lambda event: None,
        outside=outside,
    )
    state = follower.follow("begin", about=run.about.lease_lines(), payload=ship.pack(run.texts))
    assert (state, asked) == ("restored", ["asked"])
    assert dash_rig.words() == ["old", "old"]
