"""A run's folder comes home, and what older runs keep on the host."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from host_tools import wait_for
from rig import Rig
from rig_steps import step

from hummii_ops.steps import Effect


def test_brought_home(rig: Rig) -> None:
    """A run's folder can be brought home while its last probes still write, without library or copies of files."""
    plan = rig.swap()
    keep = step("keep", ("exists", "/nonexistent"), ("keep_file", str(rig.project / "a"), "before/a"))
    run = rig.new_run(rig.plan([replace(keep, effect=Effect.RECORDS), *plan.forward], plan.back))
    run.begin()
    assert (run.folder / "before" / "a").exists()
    growing = f"while :; do head -c 300000 /dev/zero >>{run.folder}/evidence/probe.txt; done"
    writer = subprocess.Popen(["sh", "-c", growing])
    try:
        wait_for(lambda: (run.folder / "evidence" / "probe.txt").exists())
        results = [rig.call("collect", run.id) for _ in range(3)]
    finally:
        writer.kill()
        writer.wait()
    assert [result.exit_code for result in results] == [0, 0, 0]
    names = subprocess.run(
        ["tar", "-tzf", "-"], input=results[0].stdout, capture_output=True, check=True
    ).stdout.decode()
    assert f"{run.id}/journal.jsonl" in names
    assert "/lib" not in names
    assert "/before" not in names


def test_brought_home_and_tidied(rig: Rig) -> None:
    """With a number, older finished runs beyond it lose evidence and copies, never their journal; the newest is whole.
    A number that is none tidies nothing, and the folder comes home all the same."""
    older, newer = sorted((rig.new_run(rig.swap()) for _ in range(2)), key=lambda run: run.id)
    for run in (older, newer):
        rig.swap()  # the files are old again, so that both change them
        run.begin()
        (run.folder / "evidence" / "ps.txt").write_text("api")
    for keep, kept in (("x", True), ("2", True), ("1", False)):
        result = rig.call("collect", newer.id, keep)
        assert (result.exit_code, result.stderr) == (0, b"")
        packed = ["tar", "-xzOf", "-", f"{newer.id}/evidence/ps.txt"]
        assert subprocess.run(packed, input=result.stdout, capture_output=True, check=True).stdout == b"api"
        assert (older.folder / "evidence").exists() is kept
        assert (older.folder / "journal.jsonl").stat().st_size > 0
        assert (newer.folder / "evidence").exists()


def test_what_changes_nothing_takes_no_undo_away(rig: Rig) -> None:
    """Backups are runs as well: however many come after it, the last run that changed something keeps its copies."""
    changed = rig.new_run(rig.swap())
    changed.begin()
    (changed.folder / "before").mkdir()
    looked = [rig.new_run(rig.plan([])) for _ in range(3)]
    for run in looked:
        assert run.begin().state == "done"
    assert rig.call("collect", looked[-1].id, "1").exit_code == 0
    assert (changed.folder / "before").exists()
    assert [(run.folder / "evidence").exists() for run in looked] == [False, False, True]
