"""Gates and cancelling: how a person or an outside check has a say in a run, and what silence means."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from host_tools import wait_for
from rig import Rig, Shipped
from rig_steps import failing, waiting

from hummii_ops.steps import Step
from hummii_ops.steps.health import confirmed_outside


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
