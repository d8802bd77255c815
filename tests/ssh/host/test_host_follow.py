"""Following a run: every line once, as it happens, and an end that is neither early nor late."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from host_tools import wait_for
from rig import Followed, Rig
from rig_steps import failing, step, waiting

from hummii_ops.steps import Effect


def test_lines_come_live(rig: Rig) -> None:
    """A line of the journal arrives while the step it speaks of is still at work."""
    go = rig.folder / "go"
    run = rig.new_run(rig.swap(waiting("wait", go)))

    def release(line: str) -> None:
        if '"start"' in line and '"wait"' in line:
            go.touch()

    followed = run.follow("begin", on_line=release)
    assert followed.state == "done"
    stamps = {event.kind + event.step: event.at.timestamp() for event in run.events()}
    came = [at for at, line in followed.arrived if line.startswith("J ")]
    said = [event.at.timestamp() for event in run.events()]
    assert stamps["donewait"] >= stamps["startwait"]
    assert max(there - then for there, then in zip(came, said, strict=True)) < 2


def test_beats(dash_rig: Rig) -> None:
    """While a run says nothing, a beat comes every few seconds, so that silence means a lost link."""
    go = dash_rig.folder / "go"
    run = dash_rig.new_run(dash_rig.swap(waiting("wait", go)))

    def release(line: str) -> None:
        if line == "B":
            go.touch()

    followed = run.follow("begin", on_line=release)
    assert followed.state == "done"
    assert "B" in followed.lines


def test_an_offset_resumes(rig: Rig) -> None:
    """Followed again from any line on, no line is lost and none comes twice."""
    run = rig.new_run(rig.swap(failing()))
    whole = run.begin()
    assert whole.journal == (run.folder / "journal.jsonl").read_text().splitlines()
    for offset in (0, 1, 5, len(whole.journal) - 1, len(whole.journal), 99):
        assert run.follow("follow", offset).journal == whole.journal[offset:]


def test_the_end_comes_at_once(dash_rig: Rig) -> None:
    """The follower learns of the end within half a second."""
    delays = []
    for _ in range(3):
        run = dash_rig.new_run(dash_rig.swap(names=("a",)))
        followed = run.begin()
        delays.append(followed.arrived[-1][0] - (run.folder / "state").stat().st_mtime)
    assert min(delays) <= 0.5, delays


def test_an_end_with_a_child_that_lives_on(dash_rig: Rig) -> None:
    """A process that a step left behind does not keep the follower of an ended run."""
    plan = dash_rig.swap(step("leave", ("never",), ("leave", str(dash_rig.folder / "x")), effect=Effect.RECORDS))
    notes = dict(plan.notes) | {"lib/verbs/test-leave.sh": 'leave() ( wait_until "$1" & )\n'}
    run = dash_rig.new_run(type(plan)(**{**vars(plan), "notes": notes}))
    followed = run.begin()
    assert followed.state == "done"
    assert dash_rig.busy()


def test_interrupted_is_noticed(dash_rig: Rig) -> None:
    """When the runner and its child are gone, the follower says so within three seconds, and not as an end."""
    run = dash_rig.new_run(dash_rig.swap(waiting("wait", dash_rig.folder / "go")))
    killed: list[float] = []

    def kill(line: str) -> None:
        if '"start"' in line and '"wait"' in line:
            wait_for(lambda: (dash_rig.folder / "go.reached").exists())
            for pid in (run.runner(), *dash_rig.processes("step.sh")):
                os.kill(pid, signal.SIGKILL)
            killed.append(time.time())

    followed = run.follow("begin", on_line=kill)
    assert followed.state == "forward"
    assert followed.arrived[-1][0] - killed[0] <= 3


def test_a_resumed_mixed_run_is_followed_to_its_end(rig: Rig) -> None:
    """The old word "mixed" is not taken for the end of the way back that has just been begun again."""
    mended = rig.folder / "mended"
    plan = rig.swap(failing())
    stuck = step("stuck", ("exists", str(mended)), effect=Effect.READS)
    slow = waiting("slow", rig.folder / "go")
    run = rig.new_run(rig.plan(plan.forward, [stuck, slow, *plan.back]))
    assert run.begin().state == "mixed"
    mended.touch()

    def release(line: str) -> None:
        if '"start"' in line and '"slow"' in line:
            (rig.folder / "go").touch()

    followed = run.follow("again", on_line=release)
    assert followed.state == "restored"
    assert any('"restored"' in line for line in followed.journal)


def test_followed_by_many(dash_rig: Rig) -> None:
    """Several people may follow one run; each sees all of it."""
    go = dash_rig.folder / "go"
    run = dash_rig.new_run(dash_rig.swap(waiting("wait", go))).sent()
    run.start()
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(run.follow, "follow") for _ in range(4)]
        wait_for(lambda: Path(f"{go}.reached").exists())
        go.touch()
        seen: list[Followed] = [job.result() for job in jobs]
    assert {one.state for one in seen} == {"done"}
    assert len({tuple(one.journal) for one in seen}) == 1
