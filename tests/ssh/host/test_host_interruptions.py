"""A runner that dies or is told to stop: nothing is lost, and one more word ends the run."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from host_tools import wait_for
from rig import Rig, Shipped
from rig_steps import failing, step, waiting

from hummii_ops.plans.plan import Plan
from hummii_ops.steps import Step


def dying(one: Step, rig: Rig, *, after: bool = False) -> Step:
    """The step, whose act kills the runner the first time, before or after it does its work."""
    return replace(one, act=("die_once_after" if after else "die_once", str(rig.folder / "died"), *one.act))


def with_dying(plan: Plan, rig: Rig, list_: str, index: int, *, after: bool) -> Plan:
    steps = list(getattr(plan, list_))
    steps[index] = dying(steps[index], rig, after=after)
    return replace(plan, **{list_: tuple(steps)})


def begun_and_killed(rig: Rig, plan: Plan) -> Shipped:
    run = rig.new_run(plan)
    run.begin()
    run.until_quiet()
    assert (rig.folder / "died").exists()
    assert run.state() in ("forward", "back")
    assert rig.lease() == run.id, "an unfinished run keeps its lease"
    return run


@pytest.mark.parametrize("after", [False, True], ids=["before-its-work", "after-its-work"])
@pytest.mark.parametrize("index", [0, 1])
def test_killed_in_a_step_then_resumed(rig: Rig, index: int, after: bool) -> None:
    """A runner killed in any step goes on to done when it is resumed."""
    run = begun_and_killed(rig, with_dying(rig.swap(), rig, "forward", index, after=after))
    assert run.follow("again").state == "done"
    assert rig.words() == ["new", "new"]
    assert rig.lease() is None


@pytest.mark.parametrize("index", [0, 1])
def test_killed_in_a_step_then_taken_back(rig: Rig, index: int) -> None:
    """A runner killed in any step leads to the old state when the run is taken back."""
    run = begun_and_killed(rig, with_dying(rig.swap(), rig, "forward", index, after=True))
    assert run.follow("back").state == "restored"
    assert rig.words() == ["old", "old"]
    assert rig.lease() is None


@pytest.mark.parametrize("index", [0, 1])
def test_killed_on_the_way_back(rig: Rig, index: int) -> None:
    """Once on the way back, a resume goes on back and never forward."""
    run = begun_and_killed(rig, with_dying(rig.swap(failing()), rig, "back", index, after=False))
    assert run.state() == "back"
    first = len(run.events())
    assert run.follow("again").state == "restored"
    assert rig.words() == ["old", "old"]
    assert {event.list for event in run.events()[first:] if event.step} == {"back"}


def test_killed_before_the_first_change_then_taken_back(rig: Rig) -> None:
    """Taken back before anything was changed, a run is abandoned: there is nothing to restore."""
    wait = waiting("wait", rig.folder / "go")
    plan = rig.swap()
    run = begun_and_killed_waiting(rig, rig.plan([wait, *plan.forward], plan.back))
    assert run.follow("back").state == "abandoned"
    assert rig.words() == ["old", "old"]
    assert rig.lease() is None


def begun_and_killed_waiting(rig: Rig, plan: Plan) -> Shipped:
    """Begun; in its step that waits, killed together with the child."""
    run = rig.new_run(plan).sent()
    assert run.start().exit_code == 0
    wait_for(lambda: (rig.folder / "go.reached").exists())
    rig.clear()
    run.until_quiet()
    return run


def test_a_child_that_lives_on(rig: Rig) -> None:
    """While a child of a killed runner lives, the stack counts as busy and nothing else begins; then a resume works."""
    go = rig.folder / "go"
    run = rig.new_run(rig.swap(waiting("wait", go))).sent()
    assert run.start().exit_code == 0
    wait_for(lambda: Path(f"{go}.reached").exists())
    os.kill(run.runner(), signal.SIGKILL)
    wait_for(lambda: not rig.processes("runner.sh"))
    assert rig.busy()
    assert rig.call("unlock", run.id).exit_code == 74
    assert run.start().exit_code == 0, "a repeated start of the same run is no error"
    other = rig.new_run(rig.swap())
    assert other.claim().exit_code == 73
    assert run.said().count("resumed") == 0
    go.touch()
    run.until_quiet()
    (rig.project / "a").write_text("new")
    (rig.project / "b").write_text("new")
    assert run.follow("again").state == "done"
    assert run.said().count("start wait") == 1, "what the orphan did is not done again"


def test_another_runs_child_that_lives_on(dash_rig: Rig) -> None:
    """While a child of an abandoned run still works, a new run does not begin."""
    go = dash_rig.folder / "go"
    old = dash_rig.new_run(dash_rig.swap(waiting("wait", go))).sent()
    assert old.start().exit_code == 0
    wait_for(lambda: Path(f"{go}.reached").exists())
    os.kill(old.runner(), signal.SIGKILL)
    (old.folder / "state").write_text("abandoned\n")
    new = dash_rig.new_run(dash_rig.swap())
    assert new.begin().code == 74
    assert new.state() == "ready"
    assert new.said() == []
    go.touch()
    wait_for(lambda: not dash_rig.busy())
    assert new.begin().state == "done"


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop(rig: Rig, kind: signal.Signals) -> None:
    """A runner told to stop ends after the step at work, judges nothing, and never begins the way back."""
    go = rig.folder / "go"
    plan = rig.swap()
    run = rig.new_run(rig.plan([plan.forward[0], waiting("wait", go), plan.forward[1]], plan.back)).sent()
    assert run.start().exit_code == 0
    wait_for(lambda: Path(f"{go}.reached").exists())
    os.kill(run.runner(), kind)
    go.touch()
    run.until_quiet()
    assert run.state() == "forward"
    assert run.said()[-1] == "interrupted"
    assert not {"failed wait", "back", "start put-b"} & set(run.said())
    assert rig.words() == ["new", "old"]
    assert run.follow("again").state == "done"


def test_the_whole_group_told_to_stop(rig: Rig) -> None:
    """At a shutdown the step dies with its runner: the run is interrupted, not failed."""
    run = rig.new_run(rig.swap(waiting("wait", rig.folder / "go"))).sent()
    assert run.start().exit_code == 0
    wait_for(lambda: (rig.folder / "go.reached").exists())
    for pid in (run.runner(), *rig.processes("step.sh")):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    run.until_quiet()
    assert run.state() == "forward"
    assert run.said()[-1] == "interrupted"
    assert run.follow("back").state == "restored"
    assert rig.words() == ["old", "old"]


CRASHING_SYNC = """#!/bin/sh
# The COUNTth sync of a run is the moment of a crash: every process of the run is gone, before or after the sync.
read -r session _ <<END
$(cut -d ' ' -f 6 /proc/self/stat)
END
case $(tr '\\0' ' ' </proc/$session/cmdline) in *runner.sh*) ;; *) exec REAL "$@" ;; esac
echo x >>COUNTER
if [ "$(wc -l <COUNTER)" = COUNT ]; then
    [ WHEN = before ] || REAL "$@"
    for each in /proc/[0-9]*; do
        read -r line 2>/dev/null <"$each/stat" || continue
        line=${line##*) }
        set -- $line
        [ "$4" != "$session" ] || [ "${each#/proc/}" = $$ ] || kill -9 "${each#/proc/}"
    done
    kill -9 $$
fi
exec REAL "$@"
"""


def crashed(rig: Rig, last: Step, count: int, when: str) -> tuple[Shipped, bool]:
    """A run on `rig` that loses all its processes at its COUNTth sync; False if it had fewer."""
    tools = rig.folder / "tools"
    tools.mkdir()
    for tool in rig.tools.iterdir():
        (tools / tool.name).symlink_to(tool.readlink())
    (tools / "wc").symlink_to("/usr/bin/wc")
    (tools / "sync").unlink()
    syncs = rig.folder / "syncs"
    words = {"COUNTER": str(syncs), "COUNT": str(count), "WHEN": when, "REAL": str((rig.tools / "sync").readlink())}
    text = CRASHING_SYNC
    for word, value in words.items():
        text = text.replace(word, value)
    (tools / "sync").write_text(text)
    (tools / "sync").chmod(0o755)
    run = rig.new_run(rig.swap(last, names=("a",))).sent()
    os.environ["PATH"] = str(tools)
    run.start()
    run.until_quiet()
    os.environ["PATH"] = str(rig.tools)
    return run, len(syncs.read_text().splitlines()) >= count


@pytest.mark.parametrize(
    ("last", "ways"),
    [(step("fine", ("always",)), ("again", "back")), (failing(), ("back", "again"))],
    ids=["on-the-way-forward", "also-on-the-way-back"],
)
def test_a_crash_at_every_durable_write(dash_rig: Rig, last: Step, ways: tuple[str, str]) -> None:
    """Wherever all processes of a run die, what is left is whole, and one more word ends it old or new, not between."""
    for count in range(1, 60):
        when, way = (("before", ways[0]), ("after", ways[1]))[count % 2]
        folder = dash_rig.folder / f"{count}"
        (folder / "project").mkdir(parents=True)
        rig = replace(dash_rig, folder=folder)
        run, did = crashed(rig, last, count, when)
        if not did:
            assert count > 12, "the crashes came to an end too early"
            return
        state = run.state()
        assert state in ("ready", "forward", "back", "done", "restored")
        followed = run.follow(way)
        assert followed.code == 0
        end = followed.state or ""
        if state in ("done", "restored"):
            assert end == state
        words = {"done": ["new"], "restored": ["old"], "abandoned": ["old"]}
        assert rig.words("a") == words[end], (count, when, state, end)
        assert not rig.busy()
    pytest.fail("a run has no end of writes")
