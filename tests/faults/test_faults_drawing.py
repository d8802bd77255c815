"""Which cases there are: the seed draws them, every fault, step and point is among them, and a number names one."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from cases import database_everything, drawn, everything, numbered
from known_steps import FIRST_DATABASE, FIRST_ROLLBACK, known
from report_table import lines
from small_cases import CASES, POINTS, cases, points, sample, within
from small_strikes import FAULTS
from together import together

HERE = Path(__file__).resolve().parent
_STAND_IN = HERE.parents[1] / "lab" / "images" / "small"
SCRIPTS = [*(HERE / "small").glob("*.sh"), *(_STAND_IN / name for name in ("engine", "docker", "small-host"))]


@pytest.mark.parametrize("seed", [1, 7, 12345])
def test_every_point_of_every_step_is_struck(seed: int) -> None:
    """Whatever the seed: each point of each step of each task, each fault evenly, resume and undo in halves."""
    found = cases(seed)
    assert len(found) == CASES >= 500
    assert {case.at for case in found} == set(points())
    assert {case.at.point for case in found} == set(POINTS)
    often = Counter(case.fault.name for case in found)
    assert set(often) == {fault.name for fault in FAULTS}
    assert max(often.values()) - min(often.values()) <= 1
    ways = Counter(case.by for case in found)
    assert abs(ways["resume"] - ways["undo"]) <= len(FAULTS)


def test_a_number_names_a_case() -> None:
    """The same seed draws the same list; another one draws other faults for the same points."""
    assert [case.id for case in cases(7)] == [case.id for case in cases(7)]
    assert [case.id for case in cases(7)] != [case.id for case in cases(8)]
    assert [case.number for case in cases(7)] == list(range(1, CASES + 1))
    assert list(within("3-5")) == [3, 4, 5]
    assert list(within("7")) == [7]


def test_the_sample_has_every_fault() -> None:
    """What `make test` runs is one case for each."""
    assert {case.fault.name for case in sample()} == {fault.name for fault in FAULTS}


def test_what_is_drawn_for_the_lab_covers_it() -> None:
    """At least 60, with every fault and every step of both plans, each with its number in the whole list."""
    steps = known()
    rollback = numbered(everything(steps["rollback"]), FIRST_ROLLBACK)
    database = numbered(database_everything(steps["rollback-db"]), FIRST_DATABASE)
    chosen = [*drawn(rollback, 7), *drawn(database, 7)]
    assert len(chosen) >= 60
    for whole in (rollback, database):
        wanted = {case.fault.name for case in whole} | {f"{case.list} {case.step}" for case in whole}
        mine = [case for case in chosen if case in whole]
        assert {case.fault.name for case in mine} | {f"{case.list} {case.step}" for case in mine} == wanted


def test_the_report_ends_with_the_sum() -> None:
    """By fault and by step, and the last line says how many survived."""
    base = {"task": "rollback", "step": "proven", "point": "before", "by": "undo", "seconds": 1.5}
    rows: list[dict[str, object]] = [
        base | {"on": "small", "number": 1, "fault": "ctrl-c", "ended": "new"},
        base | {"on": "lab", "number": 1001, "fault": "link-cut", "ended": "FAILED"},
    ]
    said = list(lines(rows, 7))
    assert said[-1] == "2 cases (1 on the lab), 1 survived"
    assert any(line.split() == ["link-cut", "1", "0", "0", "1"] for line in said)
    assert any(line.split() == ["proven", "2", "1", "0", "1"] for line in said)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_runs_on_a_small_host_is_linted(path: Path) -> None:
    """The stand-in of the engine and what stops a run are POSIX sh without a complaint of shellcheck."""
    found = subprocess.run(["shellcheck", "--shell=sh", str(path)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_lab_is_one_workers() -> None:
    """Two labs at once would be twice the work, and with a lab of one's own two hands on one host."""
    lab = {
        together(f"tests/faults/{name}") for name in ("test_faults_rollback.py::a[1001-b]", "test_faults_known.py::a")
    }
    small = [together(f"tests/faults/test_faults_small.py::test_small_run_struck[{n}-a-b]") for n in (1, 49, 50, 520)]
    assert lab == {"lab"}
    assert small == ["small-0", "small-0", "small-1", "small-10"]
