"""The header of pg_dump's archives: whose it is, when it was made, by what. Read from the file's first bytes alone.

Source: ReadHead in PostgreSQL's pg_backup_archiver.c; the layout holds for archive versions 1.12 to 1.16.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

_ALGORITHM_SINCE = (1, 15)  # before it, the level of zlib


@dataclass(frozen=True, kw_only=True)
class ArchiveHeader:
    """`compressed` False: the data stands as it is, and nothing in the file proves it.

    `made_at` is the clock of where pg_dump ran, which is taken to be UTC, as in a container; None if it makes no sense.
    """

    version: tuple[int, int]
    compressed: bool
    database: str
    made_at: datetime | None
    server_version: str
    dump_version: str


class _Bytes:
    def __init__(self, data: bytes, at: int, int_size: int) -> None:
        self._data, self._at, self._int_size = data, at, int_size

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def number(self) -> int:
        """A byte for the sign, then the digits, the least first."""
        sign = self.byte()
        value = int.from_bytes(self._take(self._int_size), "little")
        return -value if sign else value

    def text(self) -> str:
        length = self.number()
        return self._take(length).decode(errors="replace") if length > 0 else ""

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise IndexError
        self._at += count
        return taken


def archive_header(head: bytes) -> ArchiveHeader | None:
    """Of an archive's first KiB (of a tar: from its toc.dat); None if it is none, or is cut or damaged."""
    start = 512 if head[257:262] == b"ustar" else 0
    head = head[start:]
    if not head.startswith(b"PGDMP"):
        return None
    try:
        version, rest = (head[5], head[6]), _Bytes(head, 11, head[8])
        compressed = (rest.byte() if version >= _ALGORITHM_SINCE else rest.number()) != 0
        moment = [rest.number() for _ in range(7)]
        database, server, dump = rest.text(), rest.text(), rest.text()
        entries = rest.number()
    except IndexError:
        return None
    # pg_restore ends well on an archive whose count of entries was damaged to nothing, or to less: it reads none of it.
    if not database or entries <= 0:
        return None
    return ArchiveHeader(
        version=version,
        compressed=compressed,
        database=database,
        made_at=_moment(moment),
        server_version=server,
        dump_version=dump,
    )


def _moment(parts: list[int]) -> datetime | None:
    """C's struct tm: seconds first, months from 0, years from 1900."""
    second, minute, hour, day, month, year, _ = parts
    try:
        return datetime(year + 1900, month + 1, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
