"""What a backup is, by its first bytes alone."""

from __future__ import annotations

import struct

import pytest

from hummii_ops.facts.database.archive_header import archive_header
from hummii_ops.facts.database.magic import recognise

PLAIN = b"--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n"


def number(value: int) -> bytes:
    """As pg_dump writes an int: its sign, then four bytes, the least first."""
    return bytes([value < 0]) + struct.pack("<I", abs(value))


def text(value: str) -> bytes:
    return number(len(value)) + value.encode()


def archive(
    version: int = 14,
    *,
    form: int = 1,
    compression: int = 1,
    database: str = "hummii",
    year: int = 126,
    entries: int = 30,
) -> bytes:
    """The head of an archive of pg_dump, made on 2026-01-15 10:30:07."""
    algorithm = bytes([compression]) if version >= 15 else number(compression)
    moment = b"".join(number(part) for part in (7, 30, 10, 15, 0, year, 0))
    head = b"PGDMP" + bytes([1, version, 0, 4, 8, form])
    return head + algorithm + moment + text(database) + text("15.18 (Debian)") + text("15.18") + number(entries)


def tar(first: bytes, body: bytes = b"") -> bytes:
    return first.ljust(257, b"\0") + b"ustar\x0000" + bytes(247) + body


@pytest.mark.parametrize(
    ("head", "inner", "kind", "wrap"),
    [
        (archive(), b"", "custom", "none"),
        (archive(16), b"", "custom", "none"),
        (tar(b"toc.dat", archive(form=3)), b"", "tar", "none"),
        (PLAIN, b"", "plain", "none"),
        (b"\xef\xbb\xbf" + PLAIN, b"", "plain", "none"),
        (b"\x1f\x8b\x08\x00", PLAIN, "plain", "gzip"),
        (b"\x1f\x8b\x08\x00", archive(), "custom", "gzip"),
        (b"\x28\xb5\x2f\xfd", PLAIN, "plain", "zstd"),
        (b"\x28\xb5\x2f\xfd", tar(b"toc.dat", archive(form=3)), "tar", "zstd"),
    ],
)
def test_what_can_be_restored_is_known_by_its_bytes(head: bytes, inner: bytes, kind: str, wrap: str) -> None:
    """Four kinds, each also inside gzip or zstd; no name is asked."""
    found = recognise(head, inner)
    assert (found.kind, found.wrap) == (kind, wrap)


@pytest.mark.parametrize(
    ("head", "inner", "word"),
    [
        (b"", b"", "empty"),
        (b"\x1f\x8b\x08\x00", b"", "gzip of nothing"),
        (b"\x28\xb5\x2f\xfd", b"", "zstd of nothing"),
        (b"\x28\xb5\x2f\xfd".ljust(1024, b"x"), b"", "damaged at its beginning"),
        (b"\x1f\x8b\x08\x00", b"\x1f\x8b\x08\x00", "compressed twice"),
        (b"<!DOCTYPE html><html>", b"", "web page"),
        (b"\n <html><body>503", b"", "web page"),
        (b"--\n-- PostgreSQL database cluster dump\n--\n", b"", "cluster dump"),
        (b"PK\x03\x04", b"", "zip"),
        (b"\x04\x22\x4d\x18", b"", "lz4"),
        (b"\xfd7zXZ\x00", b"", "xz"),
        (b"BZh9", b"", "bzip2"),
        (b"age-encryption.org/v1", b"", "age"),
        (b"-----BEGIN PGP MESSAGE-----", b"", "gpg"),
        (b"PGDMP\x01\x0e", b"", "cut off"),
        (archive(form=3), b"", "without its data"),
        (tar(b"dump/"), b"", "packed folder"),
        (tar(b"etc/passwd"), b"", "not pg_dump's"),
        (b"-- MySQL dump 10.13", b"", "MySQL"),
        (b"CREATE TABLE a (b int);\n-- PostgreSQL database dump", b"", "neither"),
        (b"\0" * 1024, b"", "neither"),
    ],
)
def test_what_cannot_be_restored_is_named(head: bytes, inner: bytes, word: str) -> None:
    """Whatever lies there instead of a backup, the operator is told what it is."""
    found = recognise(head, inner)
    assert found.kind is None
    assert word in found.what


def test_a_folder_is_a_backup_by_its_toc() -> None:
    """With pg_dump's toc.dat; without it, it is a folder."""
    assert recognise(archive(form=3), folder=True).kind == "directory"
    assert "toc.dat" in recognise(b"", folder=True).what
    assert recognise(PLAIN, folder=True).kind is None


@pytest.mark.parametrize("version", [12, 13, 14, 15, 16])
def test_a_header_says_whose_it_is(version: int) -> None:
    """Database, versions, time and compression stand in an archive's first bytes, whatever wrote it."""
    header = archive_header(archive(version, database='we"ird'))
    assert header is not None
    assert header.version == (1, version)
    assert header.database == 'we"ird'
    assert header.compressed
    assert header.made_at is not None
    assert header.made_at.isoformat() == "2026-01-15T10:30:07+00:00"
    assert header.server_version == "15.18 (Debian)"


def test_a_header_inside_a_tar_and_one_without_compression() -> None:
    """A tar holds it after its first 512 bytes; level 0, or no algorithm, is not compressed."""
    header = archive_header(tar(b"toc.dat", archive(form=3, compression=0)))
    assert header is not None
    assert not header.compressed


def test_a_cut_or_damaged_header_is_none() -> None:
    """Wherever it is cut, and whatever its lengths and times say, it is no header, and nothing breaks."""
    whole = archive()
    assert all(archive_header(whole[:length]) is None for length in range(len(whole)))
    lying = whole.replace(text("hummii"), number(2**31 - 1) + b"hummii")
    assert archive_header(lying) is None
    assert archive_header(archive(entries=-1280658976)) is None
    assert archive_header(archive(entries=0)) is None
    assert archive_header(archive(database="")) is None
    impossible = archive_header(archive(year=2**31 - 1))
    assert impossible is not None
    assert impossible.made_at is None


def test_a_header_that_went_through_a_terminal_is_none() -> None:
    """LF became CRLF in it; pg_restore reads such an archive as one without entries, and ends well."""
    assert archive_header(archive(database="a\nb").replace(b"\n", b"\r\n")) is None
