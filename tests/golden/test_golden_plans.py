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
from facts_stacks import (
    DEPLOYED,
    ENVIRONMENT,
    NOW,
    backup,
    compose,
    container,
    digest,
    env_file,
    image,
    image_id,
    snapshot,
)
from rich.console import Console

from hummii_ops.facts.backup import Backup, Backups, Contents, Migration, ServedDatabase
from hummii_ops.facts.magic import Recognised
from hummii_ops.facts.parse_target import TargetFacts
from hummii_ops.facts.read_migrations import ImageMigrations, Schema
from hummii_ops.facts.release import Record, Release
from hummii_ops.facts.releases import releases
from hummii_ops.facts.snapshot import ComposeFact, Mark, Snapshot
from hummii_ops.inventory.models import Cache, Database, Environment
from hummii_ops.plans import backup_db, prepare_db, rollback, rollback_db, undo
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.rollback import Options
from hummii_ops.plans.schema_check import of_backup
from hummii_ops.plans.turn import in_turn
from hummii_ops.run.ship import render
from hummii_ops.tasks import planshow

HERE = Path(__file__).parent / "plans"
HASHES = {"api": frozenset({"a" * 64, "b" * 64}), "redis": frozenset({"c" * 64})}


def _environment(**changes: object) -> Environment:
    host = {"name": "lab-1", "address": "192.0.2.1", "user": "deploy", "url": "https://shop.example"}
    return Environment.model_validate({"name": "lab", "hosts": [host]} | changes)


def _stack(**changes: object) -> Snapshot:
    """1.1 runs, made from the file on disk; a backup of 1.0 lies there."""
    on_disk = ComposeFact(
        path="docker-compose.prod.yml", content=compose(), sha256=digest(compose()), config_hashes=HASHES
    )
    running = (
        container("api", "hummii-api:1.1", config_hash="a" * 64),
        container("redis", "hummii-redis:7", config_hash="c" * 64),
    )
    fields = {"compose": on_disk, "containers": running} | changes
    return snapshot(backup("20260131_120000", compose("hummii-api:1.0")), **fields)


def _bad(identity: str | None, run_id: str, **changes: object) -> dict[str, Mark]:
    """That release is marked bad, by a person or by that run."""
    fields = {"who": "ops@laptop", "reason": "orders fail", "since": DEPLOYED, "run": run_id} | changes
    return {identity or "": Mark(identity=identity or "", mark="bad", **fields)}  # type: ignore[arg-type]


def _target(**changes: object) -> TargetFacts:
    fields: dict[str, object] = {
        "error": None,
        "services": {"api": "hummii-api:1.0", "redis": "hummii-redis:7"},
        "config_hashes": {"api": frozenset({"d" * 64}), "redis": HASHES["redis"]},
        "images": (image("hummii-api:1.0"), image("hummii-redis:7")),
    }
    return TargetFacts(**(fields | changes))  # type: ignore[arg-type]


def bare_backup() -> Plan:
    seen = _stack()
    return rollback.build(seen, _environment(), releases(seen, ENVIRONMENT)[0], _target(), Options())


def one_host_of_several() -> Plan:
    return in_turn(bare_backup())


def never_proven_and_passed_over() -> Plan:
    seen = _stack()
    options = Options(never_proven=True, passed_over=("passed over 20260131_130000 (1.1): marked bad",), settle_s=3)
    return rollback.build(
        seen, _environment(proxy={"service": "api"}), releases(seen, ENVIRONMENT)[0], _target(), options
    )


def recorded_with_another_env() -> Plan:
    seen = replace(_stack(), files=(env_file({}, "POSTGRES_PASSWORD", "LEVEL", text="today"),))
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
    facts = _target(env_differs={"changed": ("LEVEL", "POSTGRES_PASSWORD"), "added": ("NEW",)})
    return rollback.build(seen, _environment(), replace(release, record=record, recorded=True), facts, Options())


def an_ill_service_and_one_that_the_release_lacks() -> Plan:
    api = container("api", "hummii-api:1.1", config_hash="a" * 64, health="unhealthy")
    worker = container("worker", "hummii-api:1.1", config_hash="e" * 64)
    redis = container("redis", "hummii-redis:7", config_hash="c" * 64)
    seen = _stack(containers=(api, redis, worker))
    return rollback.build(seen, _environment(), releases(seen, ENVIRONMENT)[0], _target(), Options())


def files_on_disk_are_not_what_runs() -> Plan:
    api = container("api", "hummii-api:1.1", config_hash="f" * 64)
    redis = container("redis", "hummii-redis:7", config_hash="c" * 64, created=DEPLOYED)
    seen = _stack(containers=(api, redis))
    return rollback.build(seen, _environment(), releases(seen, ENVIRONMENT)[0], _target(), Options())


def a_release_that_is_marked_bad() -> Plan:
    seen = _stack()
    seen = replace(seen, marks=_bad(releases(seen, ENVIRONMENT)[0].identity, ""))
    return rollback.build(seen, _environment(), releases(seen, ENVIRONMENT)[0], _target(), Options())


def a_database_that_the_release_cannot_serve() -> Plan:
    seen = _stack()
    drop = ImageMigrations(texts={"2_drop": 'ALTER TABLE "orders" DROP COLUMN "q";'}, sha256={"2_drop": "a"})
    schema = Schema(
        recorded=(Migration(name="2_drop", finished=True, rolled_back=False, sha256="a"),),
        shipped={
            image_id("hummii-api:1.0"): ImageMigrations(texts={}, sha256={}),
            image_id("hummii-api:1.1"): drop,
        },
    )
    options = Options(despite_schema=True)
    return rollback.build(seen, _environment(), releases(seen, ENVIRONMENT)[0], _target(), options, schema)


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
    seen = _stack(compose=on_disk, containers=now, marks=_bad(done.left.identity, run_id))
    return undo.build(seen, _environment(), done, run_id, seen.expectation_text())


DATABASE = Database(name="hummii", user="hummii")


def _backups() -> Backups:
    served = ServedDatabase(
        container="c" * 64,
        name="hummii",
        server_version_num=150018,
        size_bytes=1_221_000_000,
        roles=frozenset(),
        extensions=frozenset(),
        migrations=(),
    )
    return Backups(
        host_name="lab-1",
        read_at=NOW,
        folder="/opt/hummii/backups/database",
        folder_exists=True,
        backups=(),
        served=served,
        error="",
    )


def backup_of_the_database() -> Plan:
    return backup_db.build(_stack(), _environment(), DATABASE, _backups())


def _of_a_backup(plan: Callable[..., Plan]) -> Plan:
    found, migrations = _backups(), ("1_init", "2_orders")
    one = Backup(
        path="/opt/hummii/backups/database/hummii-20260131_115900.dump",
        lies="file",
        size_bytes=290_000_000,
        changed_at=NOW,
        at=DEPLOYED,
        at_note="",
        recognised=Recognised(kind="custom", wrap="none", what="an archive of pg_dump (custom)"),
    )
    contents = Contents(
        sha256="5" * 64,
        wrap_is_whole=True,
        exit_code=0,
        complete=True,
        crlf=False,
        cut="",
        server_version="15.18",
        tables=True,
        inserts=False,
        rows={"public.orders": 200, "public.users": 3},
        roles=frozenset(),
        extensions=frozenset(),
        migrations=migrations,
        failed_migrations=(),
        forbidden=(),
        said="",
    )
    return plan(_stack(), _environment(), DATABASE, found, one, contents, prepare_db.Options(check_sql="SELECT 1;\n"))


def database_prepared() -> Plan:
    return _of_a_backup(prepare_db.build)


def drill_of_a_backup() -> Plan:
    return _of_a_backup(prepare_db.drill)


def _prepared() -> rollback_db.Prepared:
    known = ImageMigrations(texts={"1_init": "", "2_orders": ""}, sha256={"1_init": "a", "2_orders": "b"})
    schema = Schema(recorded=None, shipped={image_id("hummii-api:1.0"): known})
    check = of_backup(schema, ("1_init", "2_orders"), (), image_id("hummii-api:1.0"))
    return rollback_db.Prepared(
        run_id="20260301T115900Z-prepare-db-0000",
        backup="hummii-20260131_115900.dump",
        schema="1_init\n2_orders\n",
        check=check,
    )


def database_and_code() -> Plan:
    seen, database = _stack(), DATABASE.model_copy(update={"cache": Cache(service="redis", prefixes=("cart:",))})
    code = (releases(seen, ENVIRONMENT)[0], _target())
    return rollback_db.build(seen, _environment(), database, _prepared(), code, Options())


def database_alone() -> Plan:
    return rollback_db.build(_stack(), _environment(), DATABASE, _prepared(), None, Options())


def undo_of_a_database() -> Plan:
    done, seen = database_alone(), _stack()
    return undo.build(seen, _environment(), done, "20260301T115900Z-rollback-db-0000", seen.expectation_text())


def undo_of_an_undo() -> Plan:
    done = undo_of_a_rollback()
    run_id = "20260301T120000Z-undo-0000"
    seen = _stack()
    return undo.build(seen, _environment(), done, run_id, seen.expectation_text())


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
