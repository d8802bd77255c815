"""Faults on a real stack. HUMMII_FAULTS=all: all of them, and a table of how each ended."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "lab"))  # the operator and the production of the lab's own tests

from cases import Case, database_everything, database_sample, drawn, everything, numbered, sample  # noqa: E402
from database import DatabaseStage  # noqa: E402
from harness import ROLLBACK, Stage, quiet  # noqa: E402
from known_steps import FIRST_DATABASE, FIRST_ROLLBACK, Known, KnownStep, known  # noqa: E402
from lab_name import named_lab  # noqa: E402
from lab_operator import Operator  # noqa: E402
from lab_production import Production  # noqa: E402
from report_table import lines  # noqa: E402
from small_cases import (  # noqa: E402
    SEED,
    SmallCase,
    within,
)
from small_cases import cases as small_all  # noqa: E402
from small_cases import sample as small_sample  # noqa: E402
from together import Together  # noqa: E402

from lab import stack  # noqa: E402
from lab.docker import DockerFailed  # noqa: E402
from lab.state import Lab  # noqa: E402

ALL = os.environ.get("HUMMII_FAULTS") in ("all", "every")
# Numbers of the cases to run, `a-b`: of those on small hosts, and from 1001 of those on the lab.
NAMED = os.environ.get("HUMMII_FAULTS_CASES", "")
CHOSEN = within(NAMED)
REPORT = HERE.parent.parent / ".hummii-ops" / "faults.json"
SECRETS = ("POSTGRES_PASSWORD", "JWT_SECRET", "STRIPE_SECRET_KEY")


class Theatre:
    """The lab and its stage, made when first needed: with HUMMII_FAULTS=all that is to learn the plan's steps."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="hummii-faults-")
        _, self.kept = named_lab()
        self.lab = Lab.here()
        stack.up(self.lab, count=1, say=quiet, ask=lambda _question: True)
        env = dict(line.split("=", 1) for line in self.lab.production_env().splitlines())

        def laptop(name: str) -> Operator:
            folder = Path(self.folder.name) / name
            return Operator(folder, self.lab.environment_file, [env[secret] for secret in SECRETS])

        production = Production(self.lab, self.lab.read().hosts[0])
        self.stage = Stage(production=production, operator=laptop("laptop"), laptop=laptop)

    def learned(self) -> Known:
        """The steps of both plans as runs that nothing strikes have them here."""
        self.stage.set()
        plan = self.stage.operator.fab("rollback", "--latest", "--dry-run").ended(0).document["plans"][0]
        steps = self.stage.operator.fab(*ROLLBACK).ended(0).document["steps"]
        acts = {one["id"]: one["elapsed_s"] for one in steps if one["outcome"] == "done"}
        rollback = [
            KnownStep(list=list_, id=one["id"], effect=one["effect"], acts_s=acts.get(one["id"]))
            for list_ in ("forward", "back")
            for one in plan[list_]
        ]
        stage = self.database
        stage.set()
        stage.operator.fab(*stage.command).ended(0)
        database = [KnownStep(list="forward", id=one["id"], acts_s=one["elapsed_s"]) for one in stage.acts()]
        return {"rollback": rollback, "rollback-db": database}

    @property
    def database(self) -> DatabaseStage:
        """The same host, for a rollback of its database; `stage` puts it back when it is next set."""
        self.stage.moved = True
        return DatabaseStage(production=self.stage.production, operator=self.stage.operator, laptop=self.stage.laptop)

    def close(self) -> None:
        if not self.kept:
            stack.down(self.lab, say=quiet)
        self.folder.cleanup()


_THEATRE: list[Theatre] = []
_TABLE: list[dict[str, object]] = []


def theatre() -> Theatre:
    if not _THEATRE:
        _THEATRE.append(Theatre())
    return _THEATRE[0]


def pytest_report_header() -> str:
    return f"faults: seed {SEED} (HUMMII_FAULTS_SEED draws others), numbers {CHOSEN.start}-{CHOSEN.stop - 1}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    drawings = {"small_case": _small, "case": _rollback, "database_case": _database}
    for name, draw in drawings.items():
        if name in metafunc.fixturenames:
            drawn = draw()
            metafunc.parametrize(name, drawn, ids=[case.id for case in drawn])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test for which no number was chosen is not there; it is not skipped."""
    items[:] = [item for item in items if "NOTSET" not in item.name]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    """Of `make faults` (--dist loadgroup)."""
    return Together(config, log) if config.getoption("dist") == "loadgroup" else None


def _small() -> list[SmallCase]:
    return [one for one in small_all() if one.number in CHOSEN] if ALL else small_sample()


def _rollback() -> list[Case]:
    return _on_the_lab(everything(known()["rollback"]), FIRST_ROLLBACK) if ALL else list(sample())


def _database() -> list[Case]:
    return _on_the_lab(database_everything(known()["rollback-db"]), FIRST_DATABASE) if ALL else list(database_sample())


def _on_the_lab(cases: Iterable[Case], first: int) -> list[Case]:
    """By their numbers in the whole list; all of it with HUMMII_FAULTS=every, else a drawing that covers it."""
    whole = numbered(cases, first)
    chosen = [one for one in whole if one.number in CHOSEN]
    return chosen if NAMED or os.environ["HUMMII_FAULTS"] == "every" else drawn(whole, SEED)


@pytest.fixture(scope="session")
def opened() -> Iterator[Theatre]:
    """The lab: `test`, which other tiers share and which goes when all is over, or the one that HUMMII_LAB names."""
    yield theatre()
    theatre().close()


@pytest.fixture(scope="package")
def stage(opened: Theatre) -> Iterator[Stage]:
    """The lab's host, whose runs can be stopped at a point; afterwards it is as others expect it."""
    yield opened.stage
    with suppress(DockerFailed):  # a lab that is taken down already has nothing to be put back
        opened.stage.leave()
        stack.reset(opened.lab, say=quiet, ask=lambda _question: True)  # its database may be another release's


@pytest.fixture
def database_stage(opened: Theatre, stage: Stage) -> DatabaseStage:
    """The same host, for a rollback of its database."""
    assert stage is opened.stage
    return opened.database


@pytest.fixture
def table(record_property: Callable[[str, object], None]) -> Iterator[list[dict[str, object]]]:
    """The rows of the report, one for each case; they travel with the test's result to whoever writes it."""
    rows: list[dict[str, object]] = []
    yield rows
    for row in rows:
        record_property("fault-case", row)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        _TABLE.extend(row for name, row in report.user_properties if name == "fault-case")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _TABLE:
        return
    REPORT.parent.mkdir(exist_ok=True)
    document = {"schema": "hummii-ops/faults/v1", "seed": SEED, "cases": _TABLE}
    REPORT.write_text(json.dumps(document, indent=1) + "\n")
    terminalreporter.section("faults")
    for line in lines(_TABLE, SEED):
        terminalreporter.line(line)
