"""The verdict of a plan on the database: what is said, what refuses, and what only warns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts_stacks import ENVIRONMENT, backup, compose, container, image, image_id, snapshot

from hummii_ops.facts.database.backup import Migration
from hummii_ops.facts.database.read_migrations import ImageMigrations, Schema, unasked
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.plans import rollback, schema_check
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.rollback import Options
from hummii_ops.tasks.code.going_back import unsafe

TARGET, RUNNING = image_id("hummii-api:1.0"), image_id("hummii-api:1.1")
TEXTS = {
    "1_init": "CREATE TABLE a ();",
    "2_note": "ALTER TABLE a ADD COLUMN note TEXT;",
    "3_drop": "-- away\nALTER TABLE a ADD COLUMN b TEXT;\nALTER TABLE a\n  DROP COLUMN c;",
}


def shipped(*names: str) -> ImageMigrations:
    return ImageMigrations(texts={name: TEXTS[name] for name in names}, sha256=dict.fromkeys(names, "a"))


def row(name: str, *, finished: bool = True, sha256: str = "a") -> Migration:
    return Migration(name=name, finished=finished, rolled_back=False, sha256=sha256)


def schema(target: tuple[str, ...], running: tuple[str, ...], *rows: Migration) -> Schema:
    return Schema(recorded=rows, shipped={TARGET: shipped(*target), RUNNING: shipped(*running)})


def plan(found: Schema, *, despite: bool = False) -> Plan:
    """Back from 1.1 to 1.0."""
    seen = snapshot(
        backup("20260131_120000", compose("hummii-api:1.0")),
        containers=(container("api", "hummii-api:1.1"), container("redis", "hummii-redis:7")),
    )
    facts = TargetFacts(
        error=None,
        services={"api": "hummii-api:1.0", "redis": "hummii-redis:7"},
        images=(image("hummii-api:1.0"), image("hummii-redis:7")),
    )
    options = Options(despite_schema=despite)
    return rollback.build(seen, ENVIRONMENT, releases(seen, ENVIRONMENT)[0], facts, options, found)


def about_the_database(made: Plan) -> tuple[str, str]:
    """(what the list of changes says of it, what the warnings say)."""
    changes = " ".join(one for one in made.changes if one.startswith("database: "))
    return changes, " ".join(one for one in made.warnings if one.startswith("database: "))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (schema(("1_init",), ("1_init",), row("1_init")), "safe: the release knows every migration that is applied"),
        (
            schema(("1_init",), ("1_init", "2_note"), row("1_init"), row("2_note")),
            "safe: 2_note: newer than the release, and only adds",
        ),
    ],
)
def test_what_is_safe_is_no_warning(found: Schema, words: str) -> None:
    """It stands beside what changes; the checklist says what was found."""
    made = plan(found)
    assert about_the_database(made) == (f"database: {words}", "")
    assert unsafe([made]) is None
    (line,) = [one for one in made.checklist if one.words == "Ask the database"]
    assert (line.steps, line.skipped, line.found) == (("plan",), None, "safe")


DESTRUCTIVE = schema(("1_init",), ("1_init", "3_drop"), row("1_init"), row("3_drop"))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            DESTRUCTIVE,
            "3_drop is applied, the release does not know it, and it does more than add (ALTER TABLE a DROP COLUMN c)",
        ),
        (schema(("1_init",), (), row("1_init"), row("9_lost")), "more than add (no image here has its text)"),
        (
            schema(("1_init",), ("1_init",), row("1_init"), row("2_note", finished=False)),
            "2_note began and never finished: what it left may be half done",
        ),
        (
            schema(("1_init", "2_note"), ("1_init", "3_drop"), row("1_init"), row("3_drop")),
            "the release has 2_note, which the database has not: two lines of migrations",
        ),
    ],
)
def test_what_is_unsafe_is_refused_with_two_ways(found: Schema, said: str) -> None:
    """Which migration and why; the remedy names the database's own way back, and the flag that goes on."""
    made = plan(found)
    changes, warnings = about_the_database(made)
    assert changes == ""
    assert warnings.startswith("database: unsafe: ")
    assert said in warnings
    refused = unsafe([made])
    assert refused is not None
    assert said in refused.what
    assert made.host in refused.what
    assert "fab rollback --to=1.0 --with-db=latest" in refused.remedy
    assert "--despite-schema" in refused.remedy


def test_despite_schema_goes_on_and_stays_in_the_plan() -> None:
    """The flag is in the plan that the run keeps, and in its warning; where nothing is unsafe it says nothing."""
    made = plan(DESTRUCTIVE, despite=True)
    assert unsafe([made]) is None
    assert made.schema_check is not None
    assert (made.schema_check.code_only, made.schema_check.despite) == ("unsafe", True)
    assert about_the_database(made)[1].endswith("(goes on: --despite-schema)")
    assert Plan.from_json(made.as_json()) == made
    harmless = schema(("1_init",), ("1_init",), row("1_init"))
    assert plan(harmless, despite=True) == plan(harmless)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (unasked("PostgreSQL's container does not run"), "PostgreSQL's container does not run; a newer migration may"),
        (
            Schema(recorded=(row("1_init"),), shipped={TARGET: None, RUNNING: shipped("1_init")}),
            "the release's image has no folder of migrations that can be read; a newer migration may",
        ),
        (Schema(recorded=(), shipped={}), "no folder of migrations"),
        (schema(("1_init", "2_note"), (), row("1_init")), "the release will apply 2_note when it starts"),
        (schema(("1_init",), (), row("1_init", sha256="b")), "1_init: not the text that was applied"),
    ],
)
def test_what_is_unknown_warns_and_never_blocks(found: Schema, said: str) -> None:
    """No answer is neither safe nor unsafe."""
    made = plan(found)
    changes, warnings = about_the_database(made)
    assert (changes, warnings.startswith("database: unknown: "), said in warnings) == ("", True, True), warnings
    assert unsafe([made]) is None


def test_one_host_is_enough_to_refuse() -> None:
    """Of several hosts the one that cannot be served is named."""
    fine = plan(schema(("1_init",), ("1_init",), row("1_init")))
    refused = unsafe([fine, replace(plan(DESTRUCTIVE), host="lab-2")])
    assert refused is not None
    assert "lab-2: 3_drop" in refused.what
    assert f"{fine.host}:" not in refused.what


def test_a_plan_of_an_older_hummii_ops_is_read() -> None:
    """It says nothing of the schema."""
    old = plan(DESTRUCTIVE).as_json()
    del old["schema_check"]
    for item in old["checklist"]:
        del item["found"]
    assert Plan.from_json(old).schema_check is None


def test_a_hostile_name_reaches_no_terminal() -> None:
    """A row can hold anything: what is said of it is printable, and not without end."""
    found = schema(("1_init",), (), row("1_init"), *(row(f"{n}\x1b[2J", finished=False) for n in range(9)))
    words = schema_check.words(schema_check.judge(found, TARGET))
    assert "\x1b" not in words
    assert "and 6 more" in words
