"""A host among several waits for its turn before its first change: what begins it, and what silence means."""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import replace
from hashlib import sha256

import pytest
from host_tools import wait_for
from rig import Rig, Shipped
from rig_steps import waiting

from hummii_ops.plans.plan import Plan
from hummii_ops.plans.turn import in_turn
from hummii_ops.run.perform import Place
from hummii_ops.run.turn import Keeper
from hummii_ops.steps.gates import turn
from hummii_ops.transport import LocalTransport


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


def planned_together(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A plan for one host among several that notes its first file; a docker that knows no container answers there."""
    docker = rig.folder / "docker" / "docker"
    docker.parent.mkdir()
    docker.write_text("#!/bin/sh\n")
    docker.chmod(0o755)
    (docker.parent / "sort").symlink_to(shutil.which("sort", path=os.defpath) or "sort")
    monkeypatch.setenv("PATH", f"{rig.tools}:{docker.parent}")
    plan = rig.swap(waiting("wait", rig.folder / "wait"))
    noted = f"file a {sha256(b'old').hexdigest()}\n"
    return in_turn(replace(plan, expect=noted, expect_files=("a",)))


def test_changed_while_it_waited(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone changes the host while it waits: told go, it is refused, and what they did stays."""
    run = rig.new_run(planned_together(rig, monkeypatch)).sent()
    run.start()
    run.until("start turn")
    (rig.project / "a").write_text("theirs")
    rig.call("answer", run.id, "turn", "go")
    assert run.follow("follow").state == "refused"
    assert "failed still-as-planned" in run.said()
    assert sha256(b"theirs").hexdigest() in (run.folder / "output.log").read_text()
    assert rig.words() == ["theirs", "old"]


def test_its_own_changes_are_as_planned(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted after its first change, a resume goes on forward: the run does not take itself for someone else."""
    run = rig.new_run(planned_together(rig, monkeypatch)).sent()
    rig.call("answer", run.id, "turn", "go")
    run.start()
    wait_for((rig.folder / "wait.reached").exists)
    for pid in (run.runner(), *rig.processes("step.sh")):
        os.kill(pid, signal.SIGKILL)
    run.until_quiet()
    (rig.folder / "wait").touch()
    assert run.follow("again").state == "done"
    assert rig.words() == ["new", "new"]
