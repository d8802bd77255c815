"""Ctrl-C at the server's own script: before its run has begun, what it claimed and laid ready is given up."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

HOST = Path(__file__).parents[3] / "hummii_ops/host"
FIRST, SECOND = "20260101T000000Z-prepare-db-0001", "20260101T000000Z-rollback-db-0002"
SCRIPT = """
lib=$1 home=$2/.hummii-ops work=$2/work first=$3 second=$4 database_name=hummii backup_name=b
stop() { echo "$2" >&2; exit "$1"; }
. "$lib/door/follow.sh"
follow_both
"""


def made(folder: Path) -> Path:
    """A library as it is installed, and the folders of the two runs, whole."""
    lib, work = folder / "lib", folder / "work"
    lib.mkdir()
    (lib / "door").symlink_to(HOST / "door")
    (lib / "run").symlink_to(HOST)
    for name in ("first", "second"):
        (work / name).mkdir(parents=True)
        (work / name / "about").write_text("task=x\nwho=me\n")
        (work / name / "list").write_text("")
        sums = subprocess.run(["sha256sum", "list"], cwd=work / name, capture_output=True, text=True, check=True).stdout
        (work / name / "manifest").write_text(sums)
    return lib


def until_there(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.02)


def test_ctrl_c_before_the_first_run_began(tmp_path: Path) -> None:
    """130, nothing was changed: no lease is left, and the second run, which lay ready already, is given up."""
    lib, home = made(tmp_path), tmp_path / ".hummii-ops"
    home.mkdir()
    alone = subprocess.Popen(["flock", str(home / "mutex"), "sleep", "60"], start_new_session=True)
    door = subprocess.Popen(
        ["sh", "-uc", SCRIPT, "sh", str(lib), str(tmp_path), FIRST, SECOND],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # else inherited
    )
    try:
        until_there(home / "runs" / SECOND / "state")
        os.killpg(door.pid, signal.SIGINT)
        os.killpg(alone.pid, signal.SIGTERM)
        _, said = door.communicate(timeout=30)
    finally:
        alone.wait()
        if door.poll() is None:
            door.kill()
    assert (door.returncode, said.strip()) == (130, "interrupted; nothing was changed")
    assert (home / "runs" / SECOND / "state").read_text() == "abandoned\n"
    assert not (home / "lease").exists()
    assert not (home / "runs" / FIRST).exists()
