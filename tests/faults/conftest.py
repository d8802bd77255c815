"""Faults on a real stack. HUMMII_FAULTS=all: all of them, and a table of how each ended."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "lab"))  # the operator and the production of the lab's own tests

from cases import Case, database_everything, database_sample, everything, sample  # noqa: E402
from database import DatabaseStage  # noqa: E402
from harness import ROLLBACK, Stage, quiet  # noqa: E402
from lab_name import named_lab  # noqa: E402
from lab_operator import Operator  # noqa: E402
from lab_production import Production  # noqa: E402

from lab import stack  # noqa: E402
from lab.docker import DockerFailed  # noqa: E402
from lab.state import Lab  # noqa: E402

ALL = os.environ.get("HUMMII_FAULTS") == "all"
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

    def cases(self) -> list[Case]:
        """Every fault at every step of the plan that a dry run shows here."""
        self.stage.set()
        plan = self.stage.operator.fab("rollback", "--latest", "--dry-run").ended(0).document["plans"][0]
        steps = self.stage.operator.fab(*ROLLBACK).ended(0).document["steps"]
        return list(everything(plan, steps))

    @property
    def database(self) -> DatabaseStage:
        """The same host, for a rollback of its database."""
        return DatabaseStage(production=self.stage.production, operator=self.stage.operator, laptop=self.stage.laptop)

    def database_cases(self) -> list[Case]:
        """Every fault at every step that a database rollback makes here."""
        stage = self.database
        stage.set()
        stage.operator.fab(*stage.command).ended(0)
        return list(database_everything(stage.acts()))

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = theatre().cases() if ALL else list(sample())
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])
    if "database_case" in metafunc.fixturenames:
        cases = theatre().database_cases() if ALL else list(database_sample())
        metafunc.parametrize("database_case", cases, ids=[case.id for case in cases])


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
    """The same host, for a rollback of its database; `stage` puts it back when all is over."""
    assert stage.production is opened.database.production
    return opened.database


@pytest.fixture
def table() -> list[dict[str, object]]:
    """The rows of the report, one for each case."""
    return _TABLE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _TABLE:
        return
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({"schema": "hummii-ops/faults/v1", "cases": _TABLE}, indent=1) + "\n")
    terminalreporter.section("faults")
    for row in _TABLE:
        words = [str(row[key] if row[key] is not None else "-") for key in ("fault", "step", "point", "ended", "by")]
        terminalreporter.line("{:<18} {:<34} {:<7} {:<12} {:<7}".format(*words) + f" {row['seconds']:6.1f} s")
    survived = sum(row["ended"] in ("new", "old") for row in _TABLE)
    terminalreporter.line(f"{len(_TABLE)} cases, {survived} survived")
