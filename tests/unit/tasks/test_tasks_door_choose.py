"""The server's door chooses as the laptop does: the same case files, the same times, under dash and bash."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hummii_ops.facts.timestamps import Unreadable, parse_timestamp

CASES = sorted((Path(__file__).parents[1] / "facts" / "choose").glob("*.json"))
DOOR = Path(__file__).parents[3] / "hummii_ops" / "host" / "door"
SHELLS = ("dash", "bash")


def sh(shell: str, call: str, *args: str, stdin: str = "", zone: str = "UTC") -> subprocess.CompletedProcess[str]:
    """A call of the door's functions; nothing but their files is there."""
    found = shutil.which(shell)
    assert found, f"these tests need {shell}"
    text = f"set -u; . {DOOR}/times.sh; . {DOOR}/choose.sh; {call}"
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": zone}
    return subprocess.run([found, "-c", text, "door", *args], input=stdin, capture_output=True, text=True, env=environ)


def millis(text: str | None) -> str:
    return "-" if text is None else str(int(datetime.fromisoformat(text).timestamp() * 1000))


def facts(case: dict[str, Any]) -> str:
    """A case as the lines that the chooser reads."""
    lines = [("now", millis(case["now"]))]
    lines += [("container", name, one["image"], millis(one["created"])) for name, one in case["running"].items()]
    if last := case["last_run"]:
        lines.append(("run", "RUN", last["task"], last["state"], last["to"] or "-", millis(last["ended"])))
    for one in case["releases"]:
        images = ",".join(f"{service}={image}" for service, image in one["images"].items()) or "-"
        reasons = "; ".join(one.get("reasons", ()))
        lines.append(
            (
                *("release", one["id"], millis(one["at"]), one["goodness"]),
                *("no" if reasons else "yes", "running" if one.get("running") else "-"),
                *(one["version"] or "-", images, reasons or "-"),
                *(one.get("identity") or "-", "recorded" if one.get("recorded") else "-"),
            )
        )
    return "".join("\t".join(line) + "\n" for line in lines)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_the_door_chooses_as_the_laptop_does(file: Path, shell: str) -> None:
    """The case files of the laptop's choice are the promise of the server's, id for id and code for code."""
    case = json.loads(file.read_text())
    request, expect = case["request"].removeprefix("--to="), case["expect"]
    if "\0" in request:  # a command line cannot hold it: no shell ever sees the rest
        with pytest.raises(ValueError, match="null byte"):
            sh(shell, 'choose "$1"', request)
        return
    said = sh(shell, 'choose "$1"', request, stdin=facts(case))
    if "exit_code" in expect:
        assert said.returncode == expect["exit_code"], said
        assert said.stdout == ""
        assert all(words in said.stderr for words in expect["words"]), said.stderr
        assert expect.get("next", "") in said.stderr
        return
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert lines[0] == f"chosen {expect['id']}"
    if "never_proven" in expect:
        assert ("unproven" in lines) == expect["never_proven"]
        newer = [one["id"] for one in case["releases"]]
        passed = [line.split(" ")[1] for line in lines if line.startswith("passed ")]
        assert passed == newer[: newer.index(expect["id"])]


TIMES = (
    *("20260115_103000", "20260115T103000Z", "20260115-103000", "20260115103000", "2026-01-15T10:30:00Z"),
    *("2026-01-15_10-30-00", "2026-01-15T10:30:00.5+01:00", "1768473000", "20260115103000+0530", "20260115103000-08"),
    *("20260115_103000+01-30", "20250230_100000", "20260115_250000", "20260115_103060", "0768473000", "176847300"),
    *("20251026_023000", "20260329_023000", "20260115_103000+2400", "20260115_103000-2359", "2026-1-15T10:30:00Z"),
    *(
        "before-black-friday",
        "20260115 103000",
        "20260115_1030",
        "",
        "2026-01-15T10:30:00.1234567890Z",
        "00000101_000000",
    ),
    *("20260115_103000+", "20260115T10:30:00", "2026-01-15T103000", "20240229_000000", "20230229_000000"),
)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"])
def test_the_door_reads_a_time_as_the_laptop_does(shell: str, zone: str) -> None:
    """Every accepted form, and every text that only looks like one, in zones with and without summer time."""
    said = sh(shell, 'for one; do moment "$one" || echo -; done', *TIMES, zone=zone)
    assert said.returncode == 0
    assert dict(zip(TIMES, said.stdout.splitlines(), strict=True)) == {one: expected(one, zone) for one in TIMES}


def expected(text: str, zone: str) -> str:
    try:
        at = parse_timestamp(text, zone=ZoneInfo(zone)).at
    except Unreadable:
        return "-"
    assert isinstance(at.tzinfo, timezone) or at.tzinfo is UTC
    return str(int(at.timestamp()) * 1000)


def test_there_are_enough_cases() -> None:
    """The folder was found: a glob that matches nothing would prove nothing."""
    assert len(CASES) >= 50
