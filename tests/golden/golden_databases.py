"""The plans that concern a database."""

from __future__ import annotations

from collections.abc import Callable

from facts_stacks import DEPLOYED, ENVIRONMENT, NOW, backup, compose, container, digest, image, image_id, snapshot

from hummii_ops.facts.database.backup import Backup, Backups, Contents, ServedDatabase
from hummii_ops.facts.database.magic import Recognised
from hummii_ops.facts.database.read_migrations import ImageMigrations, Schema
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import ComposeFact, Snapshot
from hummii_ops.inventory.models import Environment
from hummii_ops.inventory.stack_settings import Cache, Database
from hummii_ops.plans import backup_db, prepare_db, rollback_db, undo
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.rollback import Options
from hummii_ops.plans.schema_check import of_backup

HASHES = {"api": frozenset({"a" * 64, "b" * 64}), "redis": frozenset({"c" * 64})}


def an_environment(**changes: object) -> Environment:
    host = {"name": "lab-1", "address": "192.0.2.1", "user": "deploy", "url": "https://shop.example"}
    return Environment.model_validate({"name": "lab", "hosts": [host]} | changes)


def a_stack(**changes: object) -> Snapshot:
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


def a_target(**changes: object) -> TargetFacts:
    fields: dict[str, object] = {
        "error": None,
        "services": {"api": "hummii-api:1.0", "redis": "hummii-redis:7"},
        "config_hashes": {"api": frozenset({"d" * 64}), "redis": HASHES["redis"]},
        "images": (image("hummii-api:1.0"), image("hummii-redis:7")),
    }
    return TargetFacts(**(fields | changes))  # type: ignore[arg-type]


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
    return backup_db.build(a_stack(), an_environment(), DATABASE, _backups())


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
    return plan(
        a_stack(), an_environment(), DATABASE, found, one, contents, prepare_db.Options(check_sql="SELECT 1;\n")
    )


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
    seen, database = a_stack(), DATABASE.model_copy(update={"cache": Cache(service="redis", prefixes=("cart:",))})
    code = (releases(seen, ENVIRONMENT)[0], a_target())
    return rollback_db.build(seen, an_environment(), database, _prepared(), code, Options())


def database_alone() -> Plan:
    return rollback_db.build(a_stack(), an_environment(), DATABASE, _prepared(), None, Options())


def undo_of_a_database() -> Plan:
    done, seen = database_alone(), a_stack()
    return undo.build(seen, an_environment(), done, "20260301T115900Z-rollback-db-0000", seen.expectation_text())
