"""Gates and cancelling: how a person or an outside check has a say in a run, and what silence means."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from rig import Rig, Shipped, failing, wait_for, waiting

from hummii_ops.run.perform import Place
from hummii_ops.run.turn import Keeper
from hummii_ops.steps import Step
from hummii_ops.steps.gates import turn
from hummii_ops.steps.health import confirmed_outside
from hummii_ops.transport import LocalTransport


def gated(rig: Rig, deadline_s: int = 30) -> Shipped:
    return rig.new_run(rig.swap(confirmed_outside(deadline_s)))


def at_the_gate(rig: Rig, deadline_s: int = 30) -> Shipped:
    run = gated(rig, deadline_s).sent()
    run.start()
    run.until("start confirmed-outside")
    return run


@pytest.mark.parametrize(
    ("word", "state", "words"), [("go", "done", "new"), ("keep", "done", "new"), ("back", "restored", "old")]
)
def test_answered(rig: Rig, word: str, state: str, words: str) -> None:
    """A run waits at its gate, and goes where the answer says."""
    run = at_the_gate(rig)
    assert rig.call("answer", run.id, "outside", word).stdout.decode() == f"{word}\n"
    assert run.follow("follow").state == state
    assert rig.words() == [words, words]


def test_silence(rig: Rig) -> None:
    """At its deadline a gate answers itself: what is proven is kept, and the record says that nobody spoke."""
    run = at_the_gate(rig, 1)
    assert run.follow("follow").state == "done"
    assert (run.folder / "gates" / "outside").read_text() == "keep\ndefault\n"
    assert rig.call("answer", run.id, "outside", "back").stdout.decode() == "keep\n", "too late: the answer stands"


def test_answered_beforehand(rig: Rig) -> None:
    """An answer that is there already is not waited for."""
    run = gated(rig).sent()
    rig.call("answer", run.id, "outside", "go")
    run.start()
    assert run.follow("follow").state == "done"
    assert "skipped confirmed-outside" in run.said()


def at_its_turn(rig: Rig, silence_s: int = 30) -> Shipped:
    """A run among several, which waits before its first change."""
    plan = rig.swap()
    gate = replace(turn(), act=("ask_gate", "turn", str(silence_s), "stop"))
    run = rig.new_run(replace(plan, forward=(gate, *plan.forward))).sent()
    run.start()
    run.until("start turn")
    return run


def nothing_came_of(run: Shipped) -> None:
    assert run.follow("follow").state == "refused"
    assert run.rig.words() == ["old", "old"]
    assert run.rig.lease() is None


def test_its_turn_comes(rig: Rig) -> None:
    """Told go, a run that waits for its turn changes what it should."""
    run = at_its_turn(rig)
    assert rig.words() == ["old", "old"]
    rig.call("answer", run.id, "turn", "go")
    assert run.follow("follow").state == "done"
    assert rig.words() == ["new", "new"]


def test_its_turn_does_not_come(rig: Rig) -> None:
    """Told stop, it ends refused: nothing was changed, and the lease is free."""
    run = at_its_turn(rig)
    rig.call("answer", run.id, "turn", "stop")
    nothing_came_of(run)


def test_nobody_leads_it_any_more(rig: Rig) -> None:
    """Silence never begins a change: without a word for so long it ends refused; a go that is late changes nothing."""
    run = at_its_turn(rig, 1)
    nothing_came_of(run)
    assert rig.call("answer", run.id, "turn", "go").stdout.decode() == "stop\n"
    assert rig.words() == ["old", "old"]


def test_it_waits_while_someone_is_there(dash_rig: Rig) -> None:
    """Each "still here" makes it wait anew, for longer than its silence; the lease stays its own."""
    run = at_its_turn(dash_rig, 2)
    began = time.monotonic()
    while time.monotonic() < began + 4:
        assert dash_rig.call("still_here", run.id, "turn").exit_code == 0
    assert run.state() == "forward"
    assert dash_rig.lease() == run.id
    dash_rig.call("answer", run.id, "turn", "go")
    assert run.follow("follow").state == "done"


def test_a_keeper_keeps_it_waiting(dash_rig: Rig) -> None:
    """Whoever leads says "still here" by itself, also when its first link is gone; when it stops, so does the run."""
    run = at_its_turn(dash_rig, 2)
    gone = LocalTransport()
    gone.close()
    place = Place(
        host="here", home=str(dash_rig.home), connect=LocalTransport, transport=gone, runs_dir=dash_rig.folder / "runs"
    )
    keeper = Keeper(place, run.id, beat_s=0.3)
    keeper.start()
    began = time.monotonic()
    wait_for(lambda: time.monotonic() > began + 5)
    assert run.state() == "forward"
    keeper.stop()
    nothing_came_of(run)


def test_still_here_is_no_answer(dash_rig: Rig) -> None:
    """Before the gate is asked, and after it was answered, "still here" says nothing and leaves nothing."""
    run = dash_rig.new_run(dash_rig.swap()).sent()
    assert dash_rig.call("still_here", run.id, "turn").exit_code == 0
    assert list((run.folder / "gates").iterdir()) == []


def test_cancelled_while_it_waits_for_its_turn(rig: Rig) -> None:
    """Cancel need not wait for whoever leads: nothing was changed, at once, and a go that comes now is too late."""
    run = at_its_turn(rig)
    assert rig.call("cancel", run.id).exit_code == 0
    assert rig.call("answer", run.id, "turn", "go").stdout.decode() == "stop\n"
    nothing_came_of(run)


def test_interrupted_while_it_waits_for_its_turn(dash_rig: Rig) -> None:
    """The runner is killed at the gate: a resume waits there again, and still changes nothing by itself."""
    run = at_its_turn(dash_rig, 2)
    os.kill(run.runner(), signal.SIGKILL)
    for pid in dash_rig.processes("step.sh"):
        os.kill(pid, signal.SIGKILL)
    run.until_quiet()
    assert run.state() == "forward"
    assert run.follow("again").state == "refused"
    assert dash_rig.words() == ["old", "old"]


def test_one_answer(rig: Rig) -> None:
    """Of many answers at once exactly one counts, and everyone is told which."""
    run = gated(rig).sent()
    words = ["go", "back", "keep", "go", "back", "keep", "go", "back"]
    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(lambda word: rig.call("answer", run.id, "outside", word).stdout, words))
    assert len(told) == 1
    assert (run.folder / "gates" / "outside").read_bytes() == told.pop()
    assert [path.name for path in (run.folder / "gates").iterdir()] == ["outside"]


def test_an_answer_at_the_deadline(dash_rig: Rig) -> None:
    """When answer and deadline meet, one of both counts, and the run's end is the one that was told."""
    run = at_the_gate(dash_rig, 1)
    told = {b""}
    while run.state() == "forward" and told == {b""}:
        told = {dash_rig.call("answer", run.id, "outside", "back").stdout}
    end = run.follow("follow").state
    assert end == ("restored" if told == {b"back\n"} else "done")


def test_cancelled_before_it_began(rig: Rig) -> None:
    """A run that was sent and is cancelled before its start is abandoned and frees the lease; it never starts."""
    run = rig.new_run(rig.swap()).sent()
    assert rig.call("cancel", run.id).exit_code == 0
    assert run.state() == "abandoned"
    assert rig.lease() is None
    assert run.start().exit_code == 0
    assert run.said() == []
    assert rig.call("cancel", run.id).exit_code == 77


def cancelled_at(rig: Rig, steps: list[Step], back: tuple[Step, ...]) -> Shipped:
    run = rig.new_run(rig.plan(steps, back)).sent()
    run.start()
    go = rig.folder / "go"
    wait_for(lambda: Path(f"{go}.reached").exists())
    assert rig.call("cancel", run.id).exit_code == 0
    go.touch()
    run.follow("follow")
    return run


def test_cancelled_before_the_first_change(rig: Rig) -> None:
    """Cancelled before it changed anything, a run ends abandoned: nothing to take back."""
    plan = rig.swap()
    run = cancelled_at(rig, [waiting("wait", rig.folder / "go"), *plan.forward], plan.back)
    assert run.state() == "abandoned"
    assert rig.words() == ["old", "old"]
    assert "back" not in run.said()
    assert rig.lease() is None


def test_cancelled_after_the_first_change(rig: Rig) -> None:
    """Cancelled in the middle, a run finishes the step at work and goes back to the old state."""
    plan = rig.swap()
    steps = [plan.forward[0], waiting("wait", rig.folder / "go"), plan.forward[1]]
    run = cancelled_at(rig, steps, plan.back)
    assert run.state() == "restored"
    assert rig.words() == ["old", "old"]
    assert "done wait" in run.said()
    assert "start put-b" not in run.said()


def test_cancelled_after_the_end(rig: Rig) -> None:
    """A run that has ended cannot be cancelled."""
    run = rig.new_run(rig.swap())
    run.begin()
    assert rig.call("cancel", run.id).exit_code == 77
    assert run.state() == "done"


def test_cancel_against_start(dash_rig: Rig) -> None:
    """When cancel and start meet, the run ends whole: abandoned, restored or done, and never half."""
    for _ in range(6):
        run = dash_rig.new_run(dash_rig.swap()).sent()
        with ThreadPoolExecutor(2) as pool:
            pool.submit(run.start)
            pool.submit(dash_rig.call, "cancel", run.id)
        run.until_quiet()
        assert run.state() in ("abandoned", "restored", "done")
        assert dash_rig.words() == (["new", "new"] if run.state() == "done" else ["old", "old"])
        assert dash_rig.lease() is None


def test_a_cancel_on_the_way_back_changes_nothing(dash_rig: Rig) -> None:
    """A run that is going back already goes on doing so."""
    plan = dash_rig.swap(failing())
    slow = waiting("wait", dash_rig.folder / "go")
    run = cancelled_at(dash_rig, list(plan.forward), (slow, *plan.back))
    assert run.state() == "restored"
