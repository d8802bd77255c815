"""Backups of the database as a host would tell of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hummii_ops.facts.database.archive_header import ArchiveHeader
from hummii_ops.facts.database.backup import Backup, Migration, ServedDatabase
from hummii_ops.facts.database.magic import Recognised

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

FOLDER = "/opt/hummii/backups/database"

SHA, OTHER = "a" * 64, "b" * 64

CUSTOM = Recognised(kind="custom", what="an archive of pg_dump (custom)", archive_version=(1, 14))

HEADER = ArchiveHeader(
    version=(1, 14), compressed=True, database="hummii", made_at=NOW, server_version="15.18", dump_version="15.18"
)

SERVED = ServedDatabase(
    container="c" * 64,
    name="hummii",
    server_version_num=150018,
    size_bytes=8_000_000,
    roles=frozenset({"hummii"}),
    extensions=frozenset({"plpgsql", "pgcrypto"}),
    migrations=(Migration(name="2025_init", finished=True, rolled_back=False, sha256=SHA),),
)

MANIFEST = f"""schema=hummii-ops/backup/v1
database=hummii
release=1.0
run=20260115T103000Z-backup-db-1a2b
started=1768473000000
ended=1768473001000
size=14349
sha256={SHA}
from=15.18 (Debian 15.18-0)
by=15.18
migration=2025_init
rows=200 public.orders
rows=3 public."a b"
"""


def backup(name: str = "hummii-20260115_103000Z.dump", **changes: Any) -> Backup:
    fields: dict[str, Any] = {
        "path": f"{FOLDER}/{name}",
        "lies": "file",
        "size_bytes": 14349,
        "changed_at": NOW,
        "at": NOW,
        "at_note": "",
        "recognised": CUSTOM,
        "header": HEADER,
    }
    return Backup(**fields | changes)
