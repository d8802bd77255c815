"""Whether a backup can be used, and what could not be proven. Pure: for the views, and before a run begins.

The rule: what is not proven whole is refused, with what it is. Only one thing is let pass and said: data that stands
uncompressed and has no checksum, since nothing in the file could ever show a flipped bit there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hummii_ops.facts.database.backup import Backup, Contents, ServedDatabase

# Archive versions that a server's own pg_restore reads, by its major version. Source: pg_backup_archiver.h.
_ARCHIVES = {13: (1, 14), 14: (1, 14), 15: (1, 14), 16: (1, 15), 17: (1, 16), 18: (1, 16)}
# The kind of entry of a table of contents that sets where a sequence stands.
SEQUENCE_SET = "SEQUENCE SET"
_OUT_OF_TIME = 124  # of `timeout`
_LIES = {
    "special": "it is no regular file (a FIFO, a socket or a device)",
    "outside": "it is a link that leads out of the backups folder",
    "nothing": "there is nothing where it points",
    "unreadable": "this account cannot read it",
}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`reasons`: why it cannot be used, none if it can. `doubts`: what could not be proven, or should be known."""

    reasons: tuple[str, ...]
    doubts: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Nothing speaks against it."""
        return not self.reasons


def judge_listed(backup: Backup, served: ServedDatabase | None, *, from_database: str | None = None) -> Judgement:
    """By its first bytes and what lies beside it; a backup that passes may still be damaged further on."""
    if backup.lies in _LIES:
        return Judgement(reasons=(_LIES[backup.lies],))
    if any(ord(char) < 32 or ord(char) == 127 for char in backup.path):
        return Judgement(reasons=("its name holds a control character",))
    if backup.recognised.kind is None:
        return Judgement(reasons=(f"it is {backup.recognised.what}",))
    return Judgement(
        reasons=tuple(_foreign(backup, served, from_database)),
        doubts=tuple(_listed_doubts(backup)),
    )


def judge(
    backup: Backup,
    contents: Contents,
    served: ServedDatabase,
    *,
    from_database: str | None = None,
    require_checksum: bool = False,
) -> Judgement:
    """By all of it."""
    listed = judge_listed(backup, served, from_database=from_database)
    damage = tuple(_damage(backup, contents))
    reasons = (*listed.reasons, *damage, *_forbidden(contents))
    if not damage:  # of what is damaged it is not known what it holds and needs
        reasons = (*reasons, *_lacking(contents, served), *_partial(contents, served, from_database))
    if not damage and require_checksum and _written_sum(backup) is None:
        reasons = (*reasons, "its content cannot be proven: no checksum, and --require-checksum is asked for")
    failed = tuple(f"migration {name} had failed when it was made" for name in contents.failed_migrations)
    return Judgement(reasons=reasons, doubts=(*listed.doubts, *failed))


def _foreign(backup: Backup, served: ServedDatabase | None, from_database: str | None) -> Iterator[str]:
    version, newest = backup.recognised.archive_version, _ARCHIVES.get(served.major) if served else None
    if backup.recognised.kind != "plain" and backup.header is None and not (version and newest and version > newest):
        yield "its header is damaged: cut, or sent through a terminal (docker exec -t)"
    if served is None:
        return
    if version is not None and newest is not None and version > newest:
        yield (
            f"a newer pg_dump made it: archive version {_dotted(version)}; "
            f"PostgreSQL {served.major} reads up to {_dotted(newest)}"
        )
    elif backup.header is not None and (made := _major(backup.header.server_version)) > served.major:
        yield f"it is of PostgreSQL {made}; the server is {served.major}"
    if backup.database is not None and backup.database != (from_database or served.name):
        yield f'it is of another database, "{backup.database}"; wanted is "{from_database or served.name}"'


def _listed_doubts(backup: Backup) -> Iterator[str]:
    if _written_sum(backup) is None and not backup.compressed:
        yield "content cannot be proven: no checksum, and what is not compressed has none inside"
    elif _written_sum(backup) is None and backup.recognised.wrap == "none":
        yield "no checksum: its rows are proven by their compression, its definitions are not"
    if backup.manifest is None:
        yield "no manifest: the rows that it should have are not known"
    if backup.database is None:
        yield "a plain dump does not say which database it is of"
    if backup.at_note:
        yield backup.at_note


def _damage(backup: Backup, contents: Contents) -> Iterator[str]:
    """Each kind of damage by the check that sees it, in the order in which they are believed."""
    beside, manifest = backup.sha256, backup.manifest
    if beside is not None and contents.sha256 != beside:
        yield f"its sha256 is not the one in {backup.name}.sha256: its bytes have changed"
    elif manifest is not None and contents.sha256 != manifest.sha256:
        yield f"its sha256 is not the one in {backup.name}.manifest: its bytes have changed"
    if not contents.wrap_is_whole:
        yield f"it is cut short or damaged: {backup.recognised.what}, not whole"
    elif contents.crlf:
        yield "its line ends are CRLF: it went through a terminal (docker exec -t) or another system"
    elif contents.exit_code != 0:
        yield f"it cannot be decoded to its last byte: {contents.said or _died(contents)}"
    elif contents.cut:
        yield f"it is cut {contents.cut}"
    elif not contents.complete:
        yield "it is cut short: the line that ends every dump is not at its end"
    elif manifest is not None and manifest.rows != contents.rows:
        yield "the rows that it holds are not those of its manifest"
    elif (entries := contents.objects.get(SEQUENCE_SET, 0)) != len(contents.sequences):
        yield f"its table of contents sets {entries} sequences, and {len(contents.sequences)} are really set"


def _forbidden(contents: Contents) -> Iterator[str]:
    for line in contents.forbidden[:3]:
        number, _, words = line.partition(" ")
        yield f"line {number} would reach beyond this database, or run a command: {words}"


def _lacking(contents: Contents, served: ServedDatabase) -> Iterator[str]:
    if (made := _major(contents.server_version)) > served.major:
        yield f"it is of PostgreSQL {made}; the server is {served.major}"
    if roles := contents.roles - served.roles:
        yield f"roles that this server does not have: {', '.join(sorted(roles))}"
    if extensions := contents.extensions - served.extensions:
        yield f"extensions that this server does not have: {', '.join(sorted(extensions))}"


def _partial(contents: Contents, served: ServedDatabase, from_database: str | None) -> Iterator[str]:
    """A dump of the schema or of the data alone, or of another database: of a database that has migrations, a whole
    dump defines tables, holds rows, and knows some of these migrations. pg_restore is content with all of them.
    """
    if not served.applied:
        return
    if not contents.tables:
        yield "it defines no table: a dump of the data alone, or of nothing"
    elif not contents.rows and not contents.inserts:
        yield "it holds no rows: a dump of the schema alone"
    elif contents.rows and from_database is None and not set(served.applied) & set(contents.migrations):
        yield "none of this database's migrations is in it: it is of another database, or of some tables alone"


def _died(contents: Contents) -> str:
    if contents.exit_code == _OUT_OF_TIME:
        return "its reader did not come to an end"
    return f"its reader ended with {contents.exit_code}, and gave no reason"


def _written_sum(backup: Backup) -> str | None:
    return backup.sha256 or (backup.manifest.sha256 if backup.manifest else None)


def _major(version: str) -> int:
    """`15.18 (Debian …)` → 15; 0 if it is not known, which is newer than nothing."""
    matched = re.match(r"(\d+)", version)
    return int(matched[1]) if matched else 0


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
