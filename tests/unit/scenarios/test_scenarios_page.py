"""A page of the procedure: its clock, and what it says of a broken database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hummii_ops.checks import Measurement
from hummii_ops.facts.database.backup import Migration
from hummii_ops.facts.database.read_migrations import ImageMigrations, Schema
from hummii_ops.plans.schema_check import SchemaCheck, judge
from hummii_ops.scenarios.broken import error_lines, migration_lines, would_come_again
from hummii_ops.scenarios.page import Page, Stage

OLD, NEW = "sha256:old", "sha256:new"
TEXTS = {"1_init": "CREATE TABLE a (n int);", "2_note": "ALTER TABLE a ADD COLUMN m int;", "3_drop": "DROP TABLE b;"}


def image(*names: str) -> ImageMigrations:
    return ImageMigrations(texts={name: TEXTS[name] for name in names}, sha256={name: f"sha-{name}" for name in names})


def applied(*names: str) -> tuple[Migration, ...]:
    return tuple(Migration(name=one, finished=True, rolled_back=False, sha256=f"sha-{one}") for one in names)


SCHEMA = Schema(recorded=applied(*TEXTS), shipped={OLD: image("1_init"), NEW: image(*TEXTS)})


def test_stages_are_told_at_once_with_the_clock() -> None:
    """Who watches hears of a stage as it ends; its time is that since the page was opened."""
    now = [100.0]
    heard: list[Stage] = []
    page = Page(name="database-only", title="A page", budget_min=(30, 60), tell=heard.append, clock=lambda: now[0])
    now[0] = 102.5
    page.write("What broke", "fail", ["a migration"])
    assert [(one.title, one.elapsed_s, one.found) for one in heard] == [("What broke", 2.5, ("a migration",))]
    now[0] = 160.0
    assert page.against_budget == "60 s; by hand the procedure reckons with 30 to 60 minutes"
    assert page.as_json()["budget_s"] == [1800, 3600]
    now[0] = 100.0 + 3601
    assert page.against_budget.endswith("minutes: longer than that")


def test_each_migration_is_named_with_what_it_does() -> None:
    """Those that the older release does not know; the one that does more than add says what."""
    lines = list(migration_lines(judge(SCHEMA, OLD), "1.0"))
    assert lines == [
        "migration 2_note is applied, and is not in 1.0: it only adds",
        "migration 3_drop is applied, and is not in 1.0: it does more than add: DROP TABLE b",
    ]
    assert list(migration_lines(judge(SCHEMA, NEW), "1.4")) == []


def test_what_is_half_done_and_what_is_not_known_is_said() -> None:
    """Silence would look like health."""
    half = replace(
        SCHEMA, recorded=(*applied("1_init"), Migration(name="3_drop", finished=False, rolled_back=False, sha256=""))
    )
    assert list(migration_lines(judge(half, OLD), "1.0")) == [
        "migration 3_drop began and never finished: what it left may be half done"
    ]
    unknown = judge(Schema(recorded=None, shipped={}, why="the database does not answer"), OLD)
    assert list(migration_lines(unknown, "1.0")) == ["migrations: the database does not answer"]


@pytest.mark.parametrize(
    ("running", "again"),
    [(NEW, True), (OLD, False), ("sha256:gone", False), (None, False)],
)
def test_code_that_would_migrate_again_is_known(running: str | None, again: bool) -> None:
    """Only code that ships what the older release does not know; where the code went back already, it stays."""
    assert would_come_again(SCHEMA, running, judge(SCHEMA, OLD)) is again
    assert would_come_again(SCHEMA, running, SchemaCheck()) is False


def test_errors_are_named_by_service() -> None:
    """What is well or skipped has no line; what could not be read has one."""

    def look(name: str, verdict: str) -> Measurement:
        return Measurement(name=name, verdict=verdict, reason="2 new critical lines", source="docker logs")  # type: ignore[arg-type]

    measured = (look("logs.api", "fail"), look("logs.nginx", "pass"), look("logs.redis", "error"))
    assert list(error_lines(measured)) == ["logs.api: 2 new critical lines", "logs.redis: 2 new critical lines"]
