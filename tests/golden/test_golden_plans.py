"""Plans as the operator sees them: a change of a line here is a change of what people read at 3 a.m.

To write them anew after a wanted change: HUMMII_GOLDEN=write pytest tests/golden, and read the difference.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from facts_stacks import DEPLOYED, ENVIRONMENT, compose, container, digest, env_file, image_id
from golden_databases import (
    HASHES,
    a_stack,
    a_target,
    an_environment,
    backup_of_the_database,
    database_alone,
    database_and_code,
    database_prepared,
    drill_of_a_backup,
    undo_of_a_database,
)
from rich.console import Console

from hummii_ops.facts.database.backup import Migration
from hummii_ops.facts.database.read_migrations import ImageMigrations, Schema
from hummii_ops.facts.release import Record, Release
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import ComposeFact, Mark
from hummii_ops.plans import rollback, undo
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.rollback import Options
from hummii_ops.plans.turn import in_turn
from hummii_ops.run.ship import render
from hummii_ops.tasks.reply import planshow

HERE = Path(__file__).parent / "plans"


def _bad(identity: str | None, run_id: str, **changes: object) -> dict[str, Mark]:
    """That release is marked bad, by a person or by that run."""
    fields = {"who": "ops@laptop", "reason": "orders fail", "since": DEPLOYED, "run": run_id} | changes
    return {identity or "": Mark(identity=identity or "", mark="bad", **fields)}  # type: ignore[arg-type]


def bare_backup() -> Plan:
    seen = a_stack()
    return rollback.build(seen, an_environment(), releases(seen, ENVIRONMENT)[0], a_target(), Options())


def one_host_of_several() -> Plan:
    return in_turn(bare_backup())


def never_proven_and_passed_over() -> Plan:
    seen = a_stack()
    options = Options(never_proven=True, passed_over=("passed over 20260131_130000 (1.1): marked bad",), settle_s=3)
    return rollback.build(
        seen, an_environment(proxy={"service": "api"}), releases(seen, ENVIRONMENT)[0], a_target(), options
    )


def recorded_with_another_env() -> Plan:
    seen = replace(a_stack(), files=(env_file({}, "POSTGRES_PASSWORD", "LEVEL", text="today"),))
    release: Release = releases(seen, ENVIRONMENT)[0]
    record = Record(
        at="2026-01-31T12:00:00+00:00",
        reason="before the import",
        who="ops@laptop",
        compose_sha256=release.compose_sha256 or "",
        refs={"api": "hummii-api:1.0", "redis": "hummii-redis:7"},
        images={"api": image_id("hummii-api:1.0"), "redis": image_id("hummii-redis:7")},
        digests={},
        config_hashes={"api": "d" * 64, "redis": "c" * 64},
        files={".env": digest("then")},
        version="1.0",
        identity=release.identity,
    )
    facts = a_target(env_differs={"changed": ("LEVEL", "POSTGRES_PASSWORD"), "added": ("NEW",)})
    return rollback.build(seen, an_environment(), replace(release, record=record, recorded=True), facts, Options())


def an_ill_service_and_one_that_the_release_lacks() -> Plan:
    api = container("api", "hummii-api:1.1", config_hash="a" * 64, health="unhealthy")
    worker = container("worker", "hummii-api:1.1", config_hash="e" * 64)
    redis = container("redis", "hummii-redis:7", config_hash="c" * 64)
    seen = a_stack(containers=(api, redis, worker))
    return rollback.build(seen, an_environment(), releases(seen, ENVIRONMENT)[0], a_target(), Options())


def files_on_disk_are_not_what_runs() -> Plan:
    api = container("api", "hummii-api:1.1", config_hash="f" * 64)
    redis = container("redis", "hummii-redis:7", config_hash="c" * 64, created=DEPLOYED)
    seen = a_stack(containers=(api, redis))
    return rollback.build(seen, an_environment(), releases(seen, ENVIRONMENT)[0], a_target(), Options())


def a_release_that_is_marked_bad() -> Plan:
    seen = a_stack()
    seen = replace(seen, marks=_bad(releases(seen, ENVIRONMENT)[0].identity, ""))
    return rollback.build(seen, an_environment(), releases(seen, ENVIRONMENT)[0], a_target(), Options())


def a_database_that_the_release_cannot_serve() -> Plan:
    seen = a_stack()
    drop = ImageMigrations(texts={"2_drop": 'ALTER TABLE "orders" DROP COLUMN "q";'}, sha256={"2_drop": "a"})
    schema = Schema(
        recorded=(Migration(name="2_drop", finished=True, rolled_back=False, sha256="a"),),
        shipped={
            image_id("hummii-api:1.0"): ImageMigrations(texts={}, sha256={}),
            image_id("hummii-api:1.1"): drop,
        },
    )
    options = Options(despite_schema=True)
    return rollback.build(seen, an_environment(), releases(seen, ENVIRONMENT)[0], a_target(), options, schema)


def undo_of_a_rollback() -> Plan:
    done = bare_backup()
    run_id = "20260301T115900Z-rollback-0000"
    on_disk = ComposeFact(
        path="docker-compose.prod.yml",
        content=compose("hummii-api:1.0"),
        sha256=digest(compose("hummii-api:1.0")),
        config_hashes={"api": frozenset({"d" * 64}), "redis": HASHES["redis"]},
    )
    now = (
        container("api", "hummii-api:1.0", config_hash="d" * 64),
        container("redis", "hummii-redis:7", config_hash="c" * 64),
    )
    seen = a_stack(compose=on_disk, containers=now, marks=_bad(done.left.identity, run_id))
    return undo.build(seen, an_environment(), done, run_id, seen.expectation_text())


def undo_of_an_undo() -> Plan:
    done = undo_of_a_rollback()
    run_id = "20260301T120000Z-undo-0000"
    seen = a_stack()
    return undo.build(seen, an_environment(), done, run_id, seen.expectation_text())


@pytest.mark.parametrize(
    "make",
    [
        backup_of_the_database,
        bare_backup,
        one_host_of_several,
        never_proven_and_passed_over,
        recorded_with_another_env,
        an_ill_service_and_one_that_the_release_lacks,
        files_on_disk_are_not_what_runs,
        a_release_that_is_marked_bad,
        a_database_that_the_release_cannot_serve,
        database_prepared,
        drill_of_a_backup,
        database_and_code,
        database_alone,
        undo_of_a_database,
        undo_of_a_rollback,
        undo_of_an_undo,
    ],
)
def test_a_plan_reads_as_it_did(make: Callable[[], Plan]) -> None:
    """The page that the operator confirms, and the step files that the host runs, change only on purpose."""
    plan = make()
    console = Console(file=io.StringIO(), width=110, highlight=False, soft_wrap=True, color_system=None)
    planshow.show(console, plan, who="ops@laptop", reason="orders fail", dry_run=True)
    page = console.file.getvalue()  # type: ignore[attr-defined]
    steps = "".join(
        f"\n# {name}/{step.id} ({step.limit_s} s)\n{render(step)}"
        for name, steps in (("forward", plan.forward), ("back", plan.back), ("tidy", plan.tidy))
        for step in steps
    )
    path = HERE / f"{make.__name__}.txt"
    if os.environ.get("HUMMII_GOLDEN") == "write":
        path.write_text(page + steps, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == page + steps


def test_red_and_green_are_for_marks_alone() -> None:
    """An undo to a release that is marked bad does not look as if it went to something good."""
    console = Console(file=io.StringIO(), width=110, highlight=False, color_system="standard", force_terminal=True)
    planshow.show(console, undo_of_a_rollback(), who="ops@laptop", reason="", dry_run=False)
    page = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[1;31m1.1\x1b[0m" in page
    assert "\x1b[1m1.0\x1b[0m" in page


def test_a_plan_is_the_same_for_the_same_facts_and_survives_its_own_document() -> None:
    """The plan's id depends on facts and request alone, and plan.json gives the same plan back."""
    for make in (recorded_with_another_env, database_prepared, database_and_code, undo_of_a_database):
        plan = make()
        assert plan.digest == make().digest
        assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan
    assert plan.digest != bare_backup().digest


def test_an_undo_that_is_undone_says_of_the_bad_release_what_was_said_before() -> None:
    """Its mark is bad again with the first word of who and why, not with who undid the undo."""
    assert undo_of_an_undo().notes["mark.about"] == undo_of_a_rollback().notes["mark.taken"]
    assert "reason=orders fail\n" in undo_of_an_undo().notes["mark.about"]
    assert "mark.taken" not in undo_of_an_undo().notes
