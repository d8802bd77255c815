"""The record of a run: true however much of the run came home, and harmless whatever its texts say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import run_folders
from jsonschema import Draft202012Validator
from reports import reported
from run_folders import HOST, laid

from hummii_ops.errors import Refused
from hummii_ops.run import kept
from hummii_ops.telling.report.html import html
from hummii_ops.telling.report.junit import junit
from hummii_ops.telling.report.markdown import markdown
from hummii_ops.telling.report.write import BESIDE, MARKDOWN, write

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "report.schema.json"


def assert_keeps_to_its_schema(report: dict[str, Any]) -> None:
    wrong = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).iter_errors(report)
    assert [f"{one.json_path}: {one.message}" for one in wrong] == []


def test_a_run_that_was_recorded(tmp_path: Path) -> None:
    """The figures are those of its journal and its samples; nothing is missing; the timeline is in order."""
    report = reported(laid(tmp_path))
    assert_keeps_to_its_schema(report)
    assert (report["verdict"], report["complete"], report["outage_s"]) == ("pass", True, 11.031)
    assert report["durations"]["total_s"] == 42.685
    assert report["durations"]["execute_s"] == 9.732
    assert report["moments"]["recovered_at"] == "2026-11-22T14:32:22.127000+00:00"
    assert report["estimate"] == {
        "of": "a rollback by script",
        "least_s": 600,
        "most_s": 900,
        "took_s": 42.685,
        "judged": "sooner",
    }
    times = [one["at"] for one in report["timeline"]]
    assert times == sorted(times)
    assert len(report["timeline"]) == 26
    assert report["timeline"][1]["evidence"] == {"file": "lab-1/journal.jsonl", "line": 1}


def test_a_run_that_was_killed_is_told_up_to_there(tmp_path: Path) -> None:
    """The last step is open, the end is not known, and no figure is made up for it."""
    folder = laid(tmp_path)
    run_folders.killed_at(folder, "replace-api")
    report = reported(folder)
    assert_keeps_to_its_schema(report)
    assert (report["verdict"], report["complete"]) == ("unfinished", False)
    assert "lab-1: its journal here stops at 14:32:14 UTC, before the run's end" in report["missing"]
    assert report["moments"]["ended_at"] is None
    assert report["durations"]["total_s"] is None
    assert report["estimate"]["judged"] is None
    ours = [one["words"] for one in report["timeline"] if one["source"] == "journal"]
    assert ours[-1] == "replace-api began"
    assert [one["id"] for one in report["steps"] if one["outcome"] == "open"] == ["replace-api"]


@pytest.mark.parametrize("gone", ["journal.jsonl", "about", "evidence/probe.txt", "output.log", "state"])
def test_what_did_not_come_home_is_missing_and_nothing_else(gone: str, tmp_path: Path) -> None:
    """Each file may be absent: the record is made of the rest, in every form, and names what is not there."""
    folder = laid(tmp_path)
    (folder / HOST / gone).unlink()
    report = write(folder)
    assert_keeps_to_its_schema(report)
    assert bool(report["missing"]) is (gone not in ("output.log", "state"))
    assert report["verdict"] == ("unknown" if gone == "journal.jsonl" else "pass")


def test_torn_files_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    """A power cut tears any file: bad lines are passed over, and line numbers stay true."""
    folder = laid(tmp_path)
    path = folder / HOST / "journal.jsonl"
    path.write_bytes(b'{"t":17\xff\n[]\n' + path.read_bytes())
    (folder / HOST / "evidence" / "probe.txt").write_text("1 2\nx y z\n99999999999999999 1 200\n1795357940000 ")
    (folder / "notes.jsonl").write_text('{"at": "2026-11-22T14:30:00Z", "te')
    (folder / "verify.json").write_text("{")
    report = reported(folder)
    assert report["timeline"][1]["evidence"]["line"] == 3
    assert report["hosts"][0]["health"] is None


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    """With the command that brings it home."""
    with pytest.raises(Refused) as said:
        kept.read(tmp_path / "20260101T000000Z-rollback-aaaa")
    assert "fab evidence --run=20260101T000000Z-rollback-aaaa" in said.value.remedy


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    """A record made again after a crash is the record."""
    folder = laid(tmp_path)
    write(folder)
    before = {path.name: path.read_bytes() for path in folder.glob("report.*")}
    write(folder)
    assert {path.name: path.read_bytes() for path in folder.glob("report.*")} == before
    assert sorted(before) == ["report.html", "report.json", "report.junit.xml", "report.md"]
    assert (folder / "report.html").stat().st_mode & 0o777 == 0o600


def test_what_a_person_wrote_into_the_draft_stays(tmp_path: Path) -> None:
    """The post-mortem is theirs from the first letter on; a new draft goes beside it."""
    folder = laid(tmp_path)
    write(folder)
    (folder / "notes.jsonl").write_text('{"at": "2026-11-22T14:30:00+00:00", "text": "orders failed", "who": "me"}\n')
    write(folder)
    assert "orders failed" in (folder / MARKDOWN).read_text(encoding="utf-8")
    assert not (folder / BESIDE).exists()
    (folder / MARKDOWN).write_text("ours", encoding="utf-8")
    write(folder)
    assert (folder / MARKDOWN).read_text(encoding="utf-8") == "ours"
    assert (folder / BESIDE).exists()


def test_several_hosts_are_one_run(tmp_path: Path) -> None:
    """Done here and refused there is mixed; each has its steps; one that never came home is missing, not well."""
    folder = laid(tmp_path)
    about = (folder / HOST / "about").read_text(encoding="utf-8")
    (folder / HOST / "about").write_text(about.replace("hosts=lab-1", "hosts=lab-1 lab-2"), encoding="utf-8")
    assert reported(folder)["missing"] == ["lab-2: nothing of it came home"]
    other = laid(tmp_path / "other")
    run_folders.plan(other, host="lab-2")
    run_folders.journal(other, lambda lines: [*lines[:-1], lines[-1] | {"ev": "refused"}])
    (other / HOST / "state").write_text("refused\n", encoding="utf-8")
    (other / HOST).rename(folder / "lab-2")
    report = reported(folder)
    assert_keeps_to_its_schema(report)
    assert (report["verdict"], report["complete"]) == ("mixed", True)
    assert {one["host"] for one in report["steps"]} == {"lab-1", "lab-2"}
    assert html(report).count("<svg") == 2
    assert "steps on lab-2" in junit(report)


def noted(folder: Path, **moments: str) -> None:
    lines = [{"at": at, "text": name, "who": "me", "moment": name} for name, at in moments.items()]
    (folder / "notes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_people_say_when_it_began(tmp_path: Path) -> None:
    """Detect and decide are measured from people's notes; without them they are not known, never 0."""
    folder = laid(tmp_path)
    assert (reported(folder)["durations"]["detect_s"], reported(folder)["durations"]["decide_s"]) == (None, None)
    noted(folder, trouble="2026-11-22T14:20:00+00:00", noticed="2026-11-22T14:29:00Z")
    spans = reported(folder)["durations"]
    assert (spans["detect_s"], spans["decide_s"]) == (540.0, 185.871)


@pytest.mark.parametrize(("ahead_s", "shift_s"), [(0.0, 0.0), (3600.0, 3599.465), (-3600.0, -3599.446)])
def test_two_clocks_that_differ_are_declared(ahead_s: float, shift_s: float, tmp_path: Path) -> None:
    """How far the host's clock is off follows from what came after what; the laptop's times are brought to it."""
    folder = laid(tmp_path)
    run_folders.journal(folder, lambda lines: [one | {"t": int(str(one["t"])) + int(ahead_s * 1000)} for one in lines])
    noted(folder, noticed="2026-11-22T14:30:00+00:00")
    report = reported(folder)
    least, most = report["hosts"][0]["clock"]["ahead_least_s"], report["hosts"][0]["clock"]["ahead_most_s"]
    assert least <= ahead_s <= most
    assert most - least < 2
    assert report["hosts"][0]["clock"]["shift_s"] == pytest.approx(shift_s, abs=0.1)
    assert [one["source"] for one in report["timeline"][:3]] == ["note", "run", "journal"]
    assert ("Clock of lab-1" in markdown(report)) is bool(ahead_s)


def test_a_clock_that_was_set_back_keeps_the_order(tmp_path: Path) -> None:
    """The journal's order is the truth; times in the timeline never go backwards."""
    folder = laid(tmp_path)
    run_folders.journal(
        folder, lambda lines: [one | {"t": int(str(one["t"])) - (n > 20) * 60_000} for n, one in enumerate(lines)]
    )
    ours = [one for one in reported(folder)["timeline"] if one["source"] == "journal"]
    assert [one["evidence"]["line"] for one in ours] == sorted(one["evidence"]["line"] for one in ours)
    assert [one["at"] for one in ours] == sorted(one["at"] for one in ours)
