"""fab report and fab note as they are typed, on a laptop that cannot reach the host; and the seam that writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import run_folders
from invoke.exceptions import Exit
from run_folders import RUN, laid

from hummii_ops.errors import ExitCode, UsageError
from hummii_ops.inventory.models import Environment
from hummii_ops.run import kept
from hummii_ops.run.fleet import Part
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.way_out import end
from hummii_ops.tasks.record.reporting import when
from hummii_ops.tasks.reply.record_writer import writer
from hummii_ops.tasks.reply.report import run_reply
from hummii_ops.tasks.runs.runs import report_of
from hummii_ops.telling.report.write import write

ROOT = Path(__file__).resolve().parents[3]
INVENTORY = """\
environments:
  lab:
    ssh_config: false
    known_hosts: [known_hosts]
    hosts:
      - {name: lab-1, address: 127.0.0.1, port: 9, user: nobody}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A laptop's folder: an inventory whose host does not answer, and one run."""
    (tmp_path / "inventory.yml").write_text(INVENTORY, encoding="utf-8")
    (tmp_path / ".hummii-ops").mkdir()
    laid(tmp_path).parent.rename(tmp_path / ".hummii-ops" / "runs")
    return tmp_path / ".hummii-ops" / "runs" / RUN


def fab(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"HUMMII_INVENTORY": str(folder.parents[2] / "inventory.yml"), "COLUMNS": "200"}
    command = [str(Path(sys.executable).with_name("fab")), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environ)


def test_a_record_needs_no_host(folder: Path) -> None:
    """What is whole here is told without a word to the host; a note of mine is in it; one document on stdout."""
    assert fab(folder, "note", "--text=orders failed", "--at=2026-11-22T14:30", "--moment=noticed").returncode == 0
    done = fab(folder, "report", "--format=json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert (said["schema"], said["run_id"], said["verdict"]) == ("hummii-ops/report/v1", RUN, "pass")
    assert said["durations"]["decide_s"] == 125.871
    assert "noticed: orders failed" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_record_of_a_run_whose_host_does_not_answer(folder: Path) -> None:
    """The host is asked, does not answer, and the record says what is missing; it is a record all the same: 0."""
    run_folders.killed_at(folder, "replace-api")
    done = fab(folder, "report", f"--run={RUN}")
    assert done.returncode == 0, done.stderr
    assert "it cannot be read now: lab-1" in done.stderr
    assert "has not ended" in done.stdout
    assert "missing: lab-1: its journal here stops at 14:32:14 UTC" in done.stdout


def test_wrong_words_are_told(folder: Path) -> None:
    """A run that is not here, a name that climbs, an empty note: each says so, and nothing is written."""
    assert fab(folder, "report", "--run=../../etc").returncode == 2
    assert fab(folder, "note", "--text= ").returncode == 2
    missing = fab(folder, "note", "--text=x", "--run=20260101T000000Z-rollback-aaaa")
    assert (missing.returncode, "fab evidence" in missing.stderr) == (3, True)
    assert sorted(path.name for path in folder.iterdir()) == ["lab-1"]


def test_the_newest_run_of_an_environment(folder: Path) -> None:
    """Not that of another one; a folder without a plan is passed over."""
    laid(folder.parents[2] / "other", "20271122T143205Z-rollback-d5c2").rename(folder.parent / "20271122T0Z-rollback-x")
    run_folders.plan(folder.parent / "20271122T0Z-rollback-x", environment="production")
    (folder.parent / "20281122T0Z-rollback-y").mkdir()
    assert kept.newest(folder.parent, "lab") == folder
    assert kept.newest(folder.parent, "staging") is None


def test_runs_say_which_have_a_report(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page on this machine, once it is written."""
    monkeypatch.setenv("HUMMII_INVENTORY", str(folder.parents[2] / "inventory.yml"))
    assert report_of(RUN) is None
    write(folder)
    assert report_of(RUN) == str(folder / "report.html")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", "2026-01-15T10:30:00+00:00"),
        ("09:15", "2026-01-15T09:15:00+00:00"),
        ("23:15", "2026-01-14T23:15:00+00:00"),
        ("2026-01-10T01:02:03", "2026-01-10T01:02:03+00:00"),
        ("2026-01-10T01:02:03+02:00", "2026-01-09T23:02:03+00:00"),
    ],
)
def test_when_it_was(text: str, meant: str) -> None:
    """An hour is the last one that there was: at 10:30, 23:15 was yesterday."""
    assert when(text, datetime(2026, 1, 15, 10, 30, tzinfo=UTC)).isoformat() == meant


@pytest.mark.parametrize("text", ["25:00", "soon", "1:2:3:4:5:6"])
def test_a_time_that_is_none(text: str) -> None:
    """Wrong usage, with the form that is meant."""
    with pytest.raises(UsageError, match="--at is HH:MM"):
        when(text, datetime(2026, 1, 15, tzinfo=UTC))


def test_a_record_that_cannot_be_written_is_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reply stands, and its exit code: after it, nothing can go wrong any more."""
    hosts = [{"name": "lab-1", "address": "192.0.2.1"}]
    environment = Environment.model_validate({"name": "lab", "hosts": hosts})
    reply = Reply(
        kind="rollback",
        exit_code=ExitCode.DEGRADED,
        show=lambda console: console.print("told"),
        after=writer(tmp_path / "none", environment),
    )
    with pytest.raises(Exit) as left:
        end(reply, "text")
    assert left.value.code == 7
    out, err = capsys.readouterr()
    assert out == "told\n"
    assert "note: the report could not be written: nothing of none is kept" in err


def test_every_end_of_a_run_writes_its_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The one reply that all these tasks give: told first, then written; a wrapped reply keeps it."""
    folder = laid(tmp_path)
    (host,) = kept.read(folder).hosts
    hosts = [{"name": "lab-1", "address": "192.0.2.1"}]
    environment = Environment.model_validate({"name": "lab", "hosts": hosts})
    part = Part(**dict.fromkeys(Part.__dataclass_fields__) | {"plan": host.plan, "environment": environment})  # type: ignore[arg-type]
    reply = replace(run_reply("resume", [part], [host.outcome], folder), body={})
    assert not (folder / "report.html").exists()
    end(reply, "text")
    said = capsys.readouterr().out
    assert said.startswith("lab-1: 1.0 runs, proven by image ids and health\n  pass (0), after 42.1 s on the host\n")
    assert said.endswith(f"  report: {folder}/report.html\n")
    assert sorted(path.name for path in folder.glob("report*")) == [
        "report.html",
        "report.json",
        "report.junit.xml",
        "report.md",
    ]


def test_nothing_of_it_is_loaded_before_it_is_needed() -> None:
    """`fab rollback` at night does not wait for what makes records."""
    code = "import sys, fabfile; print([name for name in sys.modules if '.telling.report' in name])"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
