"""What a host says of the database's backups, as values: a backup as it lies there, its contents, what is served.

Never a verdict: whether a backup can be used is for `backup_judgement`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hummii_ops.facts.database.archive_header import ArchiveHeader
from hummii_ops.facts.database.magic import Recognised

Lies = Literal["file", "folder", "special", "outside", "nothing", "unreadable"]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What `backup-db` wrote beside a dump. `rows` by table, as the dump itself holds them; `run` made it."""

    database: str
    run: str
    sha256: str
    size_bytes: int | None
    release: str
    server_version: str
    dump_version: str
    started_at: datetime | None
    ended_at: datetime | None
    migrations: tuple[str, ...]
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Backup:
    """One backup, by its first bytes. `at` is the time in its name, else in its header, None if neither tells.

    `at_note` says in words what `at` is not sure of. `sha256` is the one written beside it, None if there is none.
    """

    path: str
    lies: Lies
    size_bytes: int
    changed_at: datetime | None
    at: datetime | None
    at_note: str
    recognised: Recognised
    header: ArchiveHeader | None = None
    sha256: str | None = None
    manifest: Manifest | None = None

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def compressed(self) -> bool:
        """Does something in it prove its data: is it compressed?"""
        return self.recognised.wrap != "none" or (self.header is not None and self.header.compressed)

    @property
    def is_safety_dump(self) -> bool:
        """Was it made on the way to a rollback of the database? Then it holds what was to be left."""
        return self.manifest is not None and "-prepare-db-" in self.manifest.run

    @property
    def database(self) -> str | None:
        """The database that it is of, as far as its manifest or its header tells."""
        if self.manifest is not None and self.manifest.database:
            return self.manifest.database
        return self.header.database if self.header else None


@dataclass(frozen=True, kw_only=True)
class Contents:
    """One backup, decoded to its last byte. `exit_code` None: the reader never came to its end.

    `cut` says where it stops short, `said` is what the client tools complained of. `tables`: it defines some;
    `inserts`: it holds rows that are not counted, as --inserts writes them. `objects`: entries of its table of contents
    by kind ("INDEX"); `sequences`: where it sets each, as "VALUE true|false" (was that value given out?).
    """

    sha256: str
    wrap_is_whole: bool
    exit_code: int | None
    complete: bool
    crlf: bool
    cut: str
    server_version: str
    tables: bool
    inserts: bool
    rows: Mapping[str, int]
    roles: frozenset[str]
    extensions: frozenset[str]
    migrations: tuple[str, ...]
    failed_migrations: tuple[str, ...]
    forbidden: tuple[str, ...]
    said: str
    objects: Mapping[str, int] = field(default_factory=dict)
    sequences: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Migration:
    """A row of `_prisma_migrations`. Applied: finished and not rolled back; failed: neither."""

    name: str
    finished: bool
    rolled_back: bool
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ServedDatabase:
    """The database that is served, and the server that serves it."""

    container: str
    name: str
    server_version_num: int
    size_bytes: int
    roles: frozenset[str]
    extensions: frozenset[str]
    migrations: tuple[Migration, ...]

    @property
    def major(self) -> int:
        """15 for 15.18."""
        return self.server_version_num // 10_000

    @property
    def applied(self) -> tuple[str, ...]:
        """The names of the applied migrations, in the order of their names."""
        return tuple(sorted({one.name for one in self.migrations if one.finished and not one.rolled_back}))


@dataclass(frozen=True, kw_only=True)
class Backups:
    """One read of a host. `served` None: `error` says in words why. `folder_exists` False: there is no backup yet."""

    host_name: str
    read_at: datetime
    folder: str
    folder_exists: bool
    backups: tuple[Backup, ...]
    served: ServedDatabase | None
    error: str


def schema_head(migrations: tuple[str, ...]) -> str | None:
    """The last of the applied migrations, by its name, which begins with a time; None if none is known."""
    return max(migrations, default=None)
