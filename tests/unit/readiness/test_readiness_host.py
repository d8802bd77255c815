"""Could a run begin on this host: what is green, and what is said where it is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import facts_stacks as stacks
import pytest

from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.snapshot import DiskFact, FileFact, Process, ProjectDir, Snapshot
from hummii_ops.inventory.limits import Limits
from hummii_ops.inventory.prevention import Ready
from hummii_ops.readiness import host, upkeep
from hummii_ops.readiness.line import Line, verdict_of

FOLDER = ProjectDir(path="/opt/hummii", exists=True, writable=True, state_writable=True)
GB = 1000**3


def disk(**otherwise: Any) -> DiskFact:
    sizes: dict[str, Any] = {"total_bytes": 100 * GB, "free_bytes": 40 * GB, "total_inodes": 1000, "free_inodes": 900}
    return DiskFact(path="/opt/hummii", device="/dev/sda1", **(sizes | otherwise))


def snapshot(**otherwise: Any) -> Snapshot:
    return stacks.snapshot(**({"project_dir": FOLDER, "disks": (disk(),)} | otherwise))


def run(state: str, task: str = "rollback", **otherwise: Any) -> RunFact:
    fields: dict[str, Any] = {
        "run_id": "20260228T110000Z-rollback-abcd",
        "task": task,
        "who": "",
        "reason": "",
        "since": stacks.NOW,
        "from_release": "1.1",
        "to_release": "1.0",
        "from_identity": "",
        "to_identity": "",
        "state": state,
        "state_at": stacks.NOW - timedelta(days=1),
        "outside": None,
    }
    return RunFact(**(fields | otherwise))


def by_name(seen: Snapshot) -> dict[str, Line]:
    return {one.look.name: one for one in host.lines(seen, Limits())}


def test_a_healthy_host_is_green() -> None:
    """Every line passes, and none asks for anything."""
    lines = by_name(snapshot())
    assert (verdict_of(lines.values()), [one.todo for one in lines.values()]) == ("pass", ["", "", "", ""])
    assert list(lines) == ["host.tools", "lease", "disk./opt/hummii", "files"]


AT_WORK = Process(pid=7, ppid=1, user="deploy", age_s=3, args="docker compose up", cwd="/opt/hummii")


@pytest.mark.parametrize(
    ("seen", "name", "verdict", "words"),
    [
        (snapshot(tools_missing=("flock",)), "host.tools", "fail", "flock"),
        (snapshot(at_work=(AT_WORK,)), "lease", "inconclusive", "docker compose up"),
        (snapshot(runs=(run("mixed"),)), "lease", "fail", "has not ended"),
        (snapshot(disks=(disk(free_bytes=10**8),)), "disk./opt/hummii", "fail", "would be refused"),
        (snapshot(disks=(disk(free_bytes=4 * GB),)), "disk./opt/hummii", "fail", "4 GB free of 100 GB"),
        (snapshot(disks=(disk(free_inodes=1),)), "disk./opt/hummii", "fail", "1 inodes free"),
        (snapshot(disks=(disk(total_inodes=0, free_inodes=0),)), "disk./opt/hummii", "pass", "40 GB free"),
        (snapshot(disk=stacks.compose(command="$TOKEN")), "files", "fail", "names TOKEN, which no env file sets"),
        (snapshot(disk=stacks.compose(command="${TOKEN:-none}")), "files", "pass", "Compose takes it"),
        (snapshot(disk="services: ["), "files", "fail", "line 1"),
        (snapshot(disk=stacks.compose(env_file="api.env")), "files", "fail", "api.env of api does not exist"),
    ],
)
def test_what_is_not_well_is_said_with_what_to_do(seen: Snapshot, name: str, verdict: str, words: str) -> None:
    """The line that it belongs to, in its colour; whatever is not green says what to do."""
    line = by_name(seen)[name]
    assert (line.look.verdict, words in line.look.reason) == (verdict, True), line
    assert bool(line.todo) == (verdict != "pass")


def test_a_variable_of_today_is_enough() -> None:
    """Set in the env file, it is there."""
    file = FileFact(path=".env", kind="env", exists=True, sha256="0" * 64, names=("TOKEN",))
    assert by_name(snapshot(disk=stacks.compose(command="$TOKEN"), files=(file,)))["files"].look.verdict == "pass"


TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("said", "runs", "verdicts"),
    [
        ({}, (), ("skipped", "skipped")),
        ({"reviewed": "2026-01-01", "drilled": "2026-02-01"}, (), ("pass", "pass")),
        ({"reviewed": "2025-09-02"}, (), ("pass", "skipped")),
        ({"reviewed": "2025-09-01"}, (), ("inconclusive", "skipped")),
        ({"drilled": "2025-11-01"}, (), ("skipped", "inconclusive")),
        ({"drilled": "2025-11-01"}, (run("done"),), ("skipped", "pass")),
        ({"drilled": "2025-11-01"}, (run("restored"), run("done", "undo")), ("skipped", "inconclusive")),
    ],
)
def test_late_is_yellow(said: dict[str, Any], runs: tuple[RunFact, ...], verdicts: tuple[str, str]) -> None:
    """From the day after; a real rollback counts as practice; what nobody follows is not judged."""
    lines = list(upkeep.lines(Ready.model_validate(said), [snapshot(runs=runs)], TODAY))
    assert tuple(one.look.verdict for one in lines) == verdicts
    assert all(bool(one.todo) == (one.look.verdict == "inconclusive") for one in lines)
