"""The plan of a backup: a dump that is proven before it has a name. It changes nothing that runs, and has no way back.

Pure. Its target has no label: nothing is gone to, and the run is nobody's last rollback.
"""

from __future__ import annotations

import re
from dataclasses import replace

from hummii_ops.errors import Refused
from hummii_ops.facts.database.backup import Backups
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.inventory.stack_settings import Database
from hummii_ops.plans import before
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.steps import Step, files
from hummii_ops.steps.database import Dump, proven_dump

TASK = "backup-db"
_NOTHING = StackState(label="", identity=None, files={}, modes={}, services=())
_RESERVE_BYTES = 64 * 1024**2


def build(snapshot: Snapshot, environment: Environment, database: Database, found: Backups) -> Plan:
    """The plan for one host. Raises Refused if the database does not answer."""
    dump = dump_of(snapshot, environment, database, found)
    expect = snapshot.expectation_text()
    return Plan(
        task=TASK,
        environment=environment.name,
        host=snapshot.host_name,
        project=environment.project,
        project_dir=environment.project_dir,
        left=replace(_NOTHING, label=dump.release),
        target=_NOTHING,
        forward=(room(found, environment, dump), *proven_dump(dump)),
        back=(),
        expect=expect,
        expect_files=before.expected_files(expect),
        changes=(f"{found.folder}/{dump.name}: a dump of {database.name}, with checksum and manifest",),
    )


def dump_of(snapshot: Snapshot, environment: Environment, database: Database, found: Backups) -> Dump:
    """What is dumped, and to where. Raises Refused if the database does not answer."""
    if found.served is None:
        raise Refused(f"{found.host_name}: {found.error}", remedy="see how it is: fab status")
    return Dump(
        folder=found.folder,
        name=dump_name(database.name, snapshot),
        project=environment.project,
        service=database.service,
        database=database.name,
        user=database.user,
        size_bytes=found.served.size_bytes,
        release=before.version_of(snapshot, environment.version_service) or "",
    )


def dump_name(database: str, snapshot: Snapshot) -> str:
    """The database's name and the host's time, in UTC: of a moment before the dump's snapshot, never after it."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", database).lstrip(".-") or "database"
    return f"{plain}-{snapshot.read_at:%Y%m%d_%H%M%S}Z.dump"


def room(found: Backups, environment: Environment, dump: Dump) -> Step:
    """Half of the database's size: measured, a compressed dump takes a quarter."""
    where = found.folder if found.folder_exists else environment.project_dir
    return files.room(where, dump.size_bytes // 2 + _RESERVE_BYTES)
