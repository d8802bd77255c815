"""The plan that prepares a database rollback: restored and proven beside, while the present one goes on being served.

It changes nothing that runs, and ends "prepared". What it made beside goes again if it does not get there. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from hummii_ops.errors import Refused
from hummii_ops.facts.database.backup import Backup, Backups, Contents, ServedDatabase
from hummii_ops.facts.database.backup_judgement import SEQUENCE_SET
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.inventory.stack_settings import Database
from hummii_ops.plans import backup_db, before
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.steps import Step, side
from hummii_ops.steps.database import Dump, proven_dump, swept
from hummii_ops.steps.side import Served, Source

TASK = "prepare-db"
DRILL = "check-backup"
_NOTHING = StackState(label="", identity=None, files={}, modes={}, services=())
# A restored database against its dump, and the log of changes that it writes, as measured on 1.2 GB.
_GROWS_COMPRESSED, _GROWS_PLAIN, _LOG_SHARE = 5.0, 1.6, 0.9
_LEAST_RESERVE = 256 * 1024**2
_LEAST_S, _BYTES_PER_S = 600, 500_000


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the operator may choose. `check_sql`: text that the restored database must pass, "" for none.

    `code` is the id of the release that the exchange moves the code to, "" for none; `settle_s` and
    `health_timeout_s` are for the exchange, if it is another call that goes on with it.
    """

    deep: bool = False
    safety_dump: bool = True
    check_sql: str = ""
    code: str = ""
    jobs: int = 2
    settle_s: int | None = None
    health_timeout_s: int | None = None


def build(
    snapshot: Snapshot,
    environment: Environment,
    database: Database,
    found: Backups,
    backup: Backup,
    contents: Contents,
    options: Options,
) -> Plan:
    """The plan for one host: `backup` is the chosen one of `found`, `contents` what was read of it."""
    if found.served is None or backup.recognised.kind is None:
        raise Refused(f"{found.host_name}: {found.error}", remedy="see how it is: fab status")
    served = served_of(environment, database)
    source = Source(path=backup.path, kind=backup.recognised.kind, wrap=backup.recognised.wrap, sha256=contents.sha256)
    expect = snapshot.expectation_text()
    label = before.version_of(snapshot, environment.version_service) or ""
    dump = backup_db.dump_of(snapshot, environment, database, found) if options.safety_dump else None
    return Plan(
        task=TASK,
        environment=environment.name,
        host=snapshot.host_name,
        project=environment.project,
        project_dir=environment.project_dir,
        left=replace(_NOTHING, label=label),
        target=_NOTHING,
        forward=tuple(_forward(environment, found, found.served, served, source, backup, dump, options)),
        back=(),
        tidy=(*((swept(dump),) if dump else ()), side.gone(served)),
        expect=expect,
        expect_files=before.expected_files(expect),
        changes=tuple(_sentences(found, served, backup, contents, dump)),
        notes=dict(_notes(backup, contents, options)),
    )


def drill(
    snapshot: Snapshot,
    environment: Environment,
    database: Database,
    found: Backups,
    backup: Backup,
    contents: Contents,
    options: Options,
) -> Plan:
    """As `build`, but what was restored and proven is dropped again: it shows that the backup can be restored."""
    plan = build(snapshot, environment, database, found, backup, contents, replace(options, safety_dump=False))
    wanted = ("database-is-free", "database-has-room", "restore-side", "validate-side")
    steps = tuple(step for step in plan.forward if step.id in wanted)
    return replace(
        plan,
        task=DRILL,
        forward=(*steps, *plan.tidy),
        changes=(f"{backup.name}: restored and proven beside {database.name}, then dropped again",),
    )


def followed_by(plan: Plan, run_id: str) -> Plan:
    """A run that lies ready on the host goes on by itself when all is prepared; else it is given up there."""
    return replace(plan, notes={**plan.notes, "next": f"{run_id}\n"})


def served_of(environment: Environment, database: Database) -> Served:
    """Where the served database is."""
    return Served(project=environment.project, service=database.service, name=database.name, user=database.user)


def _forward(
    environment: Environment,
    found: Backups,
    live: ServedDatabase,
    served: Served,
    source: Source,
    backup: Backup,
    dump: Dump | None,
    options: Options,
) -> Iterator[Step]:
    limit = _LEAST_S + max(live.size_bytes, restored_bytes(backup)) // _BYTES_PER_S
    yield side.free(served)
    yield side.room(served, need_bytes(backup, live, dump is not None))
    if dump is not None:
        yield backup_db.room(found, environment, dump)
        yield from proven_dump(dump)
    yield side.restored(served, source, options.jobs, limit)
    yield side.valid(served, deep=options.deep, limit_s=limit)
    yield side.properties(served)
    yield side.loss(served, limit)
    yield side.prepared(served)


def restored_bytes(backup: Backup) -> int:
    """How large it may be when it is restored."""
    return int(backup.size_bytes * (_GROWS_COMPRESSED if backup.compressed else _GROWS_PLAIN))


def need_bytes(backup: Backup, live: ServedDatabase, with_dump: bool) -> int:
    """What must be free where PostgreSQL keeps its data, before a restore begins: a full disk would end the server.

    The database, its log of changes, the safety dump (half of the database at most), and a tenth, at least 256 MiB.
    """
    restored = max(live.size_bytes, restored_bytes(backup))
    need = int(restored * (1 + _LOG_SHARE)) + (live.size_bytes // 2 if with_dump else 0) + backup.size_bytes
    return need + max(_LEAST_RESERVE, need // 10)


def _sentences(found: Backups, served: Served, backup: Backup, contents: Contents, dump: Dump | None) -> Iterator[str]:
    rows = sum(contents.rows.values())
    of = f", of {backup.at:%Y-%m-%d %H:%M:%S} UTC" if backup.at else ""
    yield f"backup: {backup.name}{of}: {backup.recognised.what}, {rows} rows, decoded to its last byte"
    if dump is not None:
        yield f"safety dump first: {found.folder}/{dump.name}"
    yield f"restored and proven beside {served.name}; {served.name} goes on being served meanwhile"


def _notes(backup: Backup, contents: Contents, options: Options) -> Iterator[tuple[str, str]]:
    """Files of the run: what must be there, the migrations, the user's check, and which backup it is."""
    yield "rows.expected", _sorted_lines(f"{count} {table}" for table, count in contents.rows.items())
    yield (
        "objects.expected",
        _sorted_lines(f"{count} {kind}" for kind, count in contents.objects.items() if kind != SEQUENCE_SET),
    )
    yield "sequences.expected", _sorted_lines(f"{at} {name}" for name, at in contents.sequences.items())
    at = str(int(backup.at.timestamp() * 1000)) if backup.at else ""
    yield "backup", f"name={backup.name}\npath={backup.path}\nat={at}\n"
    yield "schema", "".join(f"{name}\n" for name in contents.migrations)
    yield "code", f"{options.code}\n"
    asked = {"settle": options.settle_s, "health_timeout": options.health_timeout_s}
    yield "options", "".join(f"{key}={seconds}\n" for key, seconds in asked.items() if seconds is not None)
    if options.check_sql:
        yield "check.sql", options.check_sql


def _sorted_lines(lines: Iterable[str]) -> str:
    """In the order of their bytes, as the host's sort has them."""
    return "".join(f"{line}\n" for line in sorted(lines, key=str.encode))
