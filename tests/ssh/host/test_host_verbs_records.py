"""Verbs that note and keep: the hold, marks, evidence, facts, and the room that there is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from verb_world import ABOUT, World


def test_anothers_hold_stays(world: World) -> None:
    """Lifting the hold of one run does not touch the hold of another."""
    world.rig.call("write", "hold", about="run=other\nreason=mine\n")
    assert world.holds("hold_gone", "earlier")
    assert world.act("remove_hold", "earlier") == 0
    assert (world.home / "hold").read_text() == "run=other\nreason=mine\n"


def test_a_persons_hold_is_not_taken_over(world: World) -> None:
    """A hold that a person set holds deploys as well: the run leaves it, and its way back does not lift it."""
    words = "run=-\nwho=a@b\nreason=the database moves tonight\n"
    world.rig.call("write", "hold", about=words)
    world.text("mark.about", ABOUT)
    assert world.holds("is_held")
    assert world.act("put_hold", "mark.about") == 0
    assert world.act("remove_hold", "-") == 0
    assert (world.home / "hold").read_text() == words


def test_a_hold_of_ours_is_lifted_by_us(world: World) -> None:
    """The hold that the run set goes with its way back, also when its reason names another run."""
    world.text("mark.about", ABOUT + "reason=run=other\n")
    assert world.act("put_hold", "mark.about") == 0
    assert not world.holds("hold_gone", "-")
    assert world.act("remove_hold", "-") == 0
    assert world.holds("hold_gone", "-")
    assert not world.holds("is_held")


def test_what_a_mark_says(world: World) -> None:
    """A mark names the run, who and why, as it was given."""
    world.text("mark.about", ABOUT)
    world.act("put_mark", "abc", "bad", "mark.about")
    assert (world.home / "marks/abc").read_text() == f"mark=bad\nrun={world.run.id}\n{ABOUT}"
    assert [path.name for path in (world.home / "marks").iterdir()] == ["abc"]


def test_a_mark_without_its_words(world: World) -> None:
    """When the words for a mark are missing there is no mark, rather than one without a reason."""
    assert world.act("put_mark", "abc", "bad", "missing") != 0
    assert not (world.home / "marks/abc").exists()


@pytest.mark.parametrize(("failed", "judged"), [(None, True), ("put-a", True), ("answers-inside", False)])
def test_target_is_judged(world: World, failed: str | None, judged: bool) -> None:
    """The target is blamed only if the run failed at a step that judges the target."""
    if failed:
        world.text("failed", f"{failed}\n")
    words = ("target_is_judged", "abc", "services-healthy", "answers-inside")
    assert world.holds(*words) is judged
    world.text("mark.about", ABOUT)
    world.act("put_mark", "abc", "bad", "mark.about")
    assert world.holds(*words)


DOCKER = """#!/bin/sh
case "$*" in
  ps*--format*Command*) echo redis-server --requirepass hunter2 ;;
  ps*--format*table*) printf '%s\\n' 'CONTAINER ID' "abc redis:7 $*" ;;
  ps*) echo redis-server --requirepass hunter2 ;;
  inspect*Env* | inspect*Cmd* | inspect*Args*) echo hunter2 ;;
  *) echo ready ;;
esac
"""


def test_evidence_holds_no_command_line(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's command may hold its password: neither it nor the environment is saved."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert world.act("save_evidence", "before", "hummii") == 0
    assert world.holds("evidence_saved", "before")
    saved = {path.name: path.read_text() for path in (world.folder / "evidence/before").iterdir()}
    assert saved.keys() == {"ps.txt", "containers.jsonl", "abc.log", "complete"}
    assert "hunter2" not in "".join(saved.values())
    assert all(word in saved["ps.txt"] for word in (".ID", ".Image", ".Status", ".Names"))


def test_a_fact_that_cannot_be_written(world: World) -> None:
    """A full disk fails who writes it, also where set -e does not hold; an empty fact would be taken for one."""
    facts = world.folder / "facts"
    facts.mkdir(exist_ok=True)
    (facts / ".side").symlink_to("/dev/full")
    script = 'run=$1; . "$run/lib/verbs/database.sh"; echo live=1 | fact side || exit 3'
    assert subprocess.run(["sh", "-euc", script, "sh", str(world.folder)], check=False, timeout=60).returncode == 3
    assert not (facts / "side").is_symlink()
    (facts / ".side").unlink()
    assert subprocess.run(["sh", "-euc", script, "sh", str(world.folder)], check=False, timeout=60).returncode == 0
    assert (facts / "side").read_text() == "live=1\n"


def test_room(world: World) -> None:
    """Room is compared in bytes, on the disk of that folder."""
    assert world.holds("room_is_left", str(world.project), "1024")
    assert not world.holds("room_is_left", str(world.project), str(1 << 60))
    assert not world.holds("room_is_left", str(world.project / "missing"), "0")


def test_cannot(world: World) -> None:
    """A step that only looks fails when it is asked to act, and says about what."""
    done = world.call("act", ("cannot", "too little room"))
    assert done.returncode == 1
    assert b"too little room" in done.stderr
