"""What a backup file is, by its first bytes. Never by its name: a `.sql` may be an archive, and a `.dump` a web page.

Sources: PostgreSQL's pg_backup_archiver.h (versions, formats) and pg_backup_tar.c; the formats' own specifications.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["custom", "directory", "tar", "plain"]
Wrap = Literal["none", "gzip", "zstd"]

_CUSTOM = 1  # archCustom; the toc.dat of a directory or a tar says 3 or 5
_WRAPS: dict[bytes, Wrap] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_NOTHING_BYTES = 128  # gzip and zstd of nothing, with a file's name
_PLAIN = b"-- PostgreSQL database dump"
_CLUSTER = b"-- PostgreSQL database cluster dump"
_UTF8_MARK = b"\xef\xbb\xbf"
_OTHERS = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x04\x22\x4d\x18", "compressed with lz4, which is not read here"),
    (b"\xfd7zXZ\x00", "compressed with xz, which is not read here"),
    (b"BZh", "compressed with bzip2, which is not read here"),
    (b"age-encryption.org/", "encrypted with age"),
    (b"-----BEGIN AGE ENCRYPTED FILE", "encrypted with age"),
    (b"-----BEGIN PGP MESSAGE", "encrypted with gpg"),
    (b"\x8c\x0d\x04", "encrypted with gpg"),
    (b"\x85", "encrypted with gpg"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"-- MySQL dump", "a dump of MySQL"),
    (b"-- MariaDB dump", "a dump of MariaDB"),
)
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<?xml")


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """`kind` None: nothing that can be restored; `what` says in words what it is, for people.

    `archive_version` is that of an archive's header, (1, 14) for PostgreSQL 12 to 15.
    """

    kind: Kind | None
    what: str
    wrap: Wrap = "none"
    archive_version: tuple[int, int] | None = None


def recognise(head: bytes, inner: bytes = b"", *, folder: bool = False) -> Recognised:
    """By the first KiB of a file, and of what gzip or zstd unpacks from it; of a folder: of its toc.dat."""
    wrap = next((wrap for magic, wrap in _WRAPS.items() if head.startswith(magic)), None)
    if folder:
        return _of_folder(head)
    if wrap is None:
        return _of_bytes(head, "none")
    if not inner and len(head) <= _NOTHING_BYTES:
        return Recognised(kind=None, what=f"{wrap} of nothing: what was to be dumped never came", wrap=wrap)
    if not inner:
        return Recognised(kind=None, what=f"{wrap} that is damaged at its beginning", wrap=wrap)
    found = _of_bytes(inner, wrap)
    return Recognised(
        kind=found.kind, what=f"{found.what}, in {wrap}", wrap=wrap, archive_version=found.archive_version
    )


def _of_folder(toc: bytes) -> Recognised:
    if not toc:
        return Recognised(kind=None, what="a folder without toc.dat: no backup, or one that was not finished")
    if not toc.startswith(b"PGDMP") or len(toc) < 11:
        return Recognised(kind=None, what="a folder whose toc.dat is not pg_dump's")
    return Recognised(kind="directory", what="a directory of pg_dump", archive_version=(toc[5], toc[6]))


def _of_bytes(head: bytes, wrap: Wrap) -> Recognised:
    if not head:
        return Recognised(kind=None, what="an empty file: what was to be dumped never came", wrap=wrap)
    if head.startswith(b"PGDMP"):
        return _of_archive(head)
    if head[257:262] == b"ustar":
        return _of_tar(head)
    if any(head.startswith(magic) for magic in _WRAPS):
        return Recognised(kind=None, what="compressed twice")
    text = head.removeprefix(_UTF8_MARK).lstrip()
    other = next((what for magic, what in _OTHERS if head.startswith(magic)), None)
    if other is None and text[:64].lower().startswith(_MARKUP):
        other = "a web page (HTML): the download was an error message"
    if other is not None:
        return Recognised(kind=None, what=other)
    if _CLUSTER in head:
        return Recognised(kind=None, what="a cluster dump (pg_dumpall): it holds every database and drops roles")
    if _PLAIN in head and text.startswith((b"--", b"\\restrict")):
        return Recognised(kind="plain", what="a plain SQL dump")
    return Recognised(kind=None, what="neither an archive nor a plain dump of pg_dump")


def _of_archive(head: bytes) -> Recognised:
    if len(head) < 11:
        return Recognised(kind=None, what="an archive of pg_dump that was cut off in its first bytes")
    version = (head[5], head[6])
    if head[10] != _CUSTOM:
        return Recognised(kind=None, what="the toc.dat of an archive, without its data", archive_version=version)
    return Recognised(kind="custom", what="an archive of pg_dump (custom)", archive_version=version)


def _of_tar(head: bytes) -> Recognised:
    first = head[:100].rstrip(b"\0")
    if first == b"toc.dat":
        body = head[512:523]
        version = (body[5], body[6]) if body.startswith(b"PGDMP") and len(body) > 6 else None
        return Recognised(kind="tar", what="a tar of pg_dump", archive_version=version)
    if first.endswith(b"/") or first.endswith(b"/toc.dat"):
        return Recognised(kind=None, what="a packed folder: unpack it (tar -xf) into the backups folder first")
    return Recognised(kind=None, what="a tar archive, but not pg_dump's")
