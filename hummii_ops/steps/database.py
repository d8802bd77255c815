"""Steps on the database's backups: a dump that is made aside, proven, and only then given its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hummii_ops.steps.step import Effect, Step

# What is slow but not stuck: a disk, a database at work, a machine with one core.
_LEAST_S, _BYTES_PER_S = 300, 1_000_000


@dataclass(frozen=True, kw_only=True)
class Dump:
    """What is dumped, and to where: `folder` is absolute on the host, `name` the file's own in it.

    `size_bytes` is the database's, on which the time limits rest; `release` is the version that runs, "" if unknown.
    """

    folder: str
    name: str
    project: str
    service: str
    database: str
    user: str
    size_bytes: int
    release: str

    @property
    def limit_s(self) -> int:
        """For what goes through all of it once."""
        return _LEAST_S + self.size_bytes // _BYTES_PER_S


def proven_dump(dump: Dump) -> Iterator[Step]:
    """The steps in their order; each can be taken again after a cut."""
    yield made(dump)
    yield decoded(dump)
    yield summed(dump)
    yield described(dump)
    yield placed(dump)


def made(dump: Dump) -> Step:
    return Step(
        id="dump-database",
        title=f"dump {dump.database}, aside",
        effect=Effect.PREPARES,
        limit_s=dump.limit_s,
        holds=("dump_made", dump.folder, dump.name),
        act=("make_dump", dump.folder, dump.name, dump.project, dump.service, dump.database, dump.user),
    )


def swept(dump: Dump) -> Step:
    """What a run that goes nowhere has dumped and not placed yet, taken away."""
    return Step(
        id="sweep-dump",
        title="take away the dump that is not whole",
        effect=Effect.PREPARES,
        limit_s=60,
        holds=("dump_swept", dump.folder),
        act=("sweep_dump", dump.folder),
    )


def decoded(dump: Dump) -> Step:
    return Step(
        id="decode-dump",
        title="decode the dump to its last byte, and count its rows",
        effect=Effect.PREPARES,
        limit_s=dump.limit_s,
        holds=("dump_decodes",),
        act=("decode_dump", dump.folder, dump.name, dump.project, dump.service, str(dump.limit_s - 10)),
    )


def summed(dump: Dump) -> Step:
    return Step(
        id="sum-dump",
        title="write its checksum",
        effect=Effect.PREPARES,
        limit_s=dump.limit_s,
        holds=("dump_summed", dump.folder, dump.name),
        act=("sum_dump", dump.folder, dump.name),
    )


def described(dump: Dump) -> Step:
    return Step(
        id="describe-dump",
        title="write its manifest: rows, schema, versions, release",
        effect=Effect.PREPARES,
        limit_s=30,
        holds=("manifest_written", dump.folder, dump.name),
        act=("write_manifest", dump.folder, dump.name, dump.database, dump.release),
    )


def placed(dump: Dump) -> Step:
    return Step(
        id="place-backup",
        title=f"give it its name, {dump.name}, and prove its bytes there",
        effect=Effect.PREPARES,
        limit_s=dump.limit_s,
        holds=("backup_placed", dump.folder, dump.name),
        act=("place_backup", dump.folder, dump.name),
    )
