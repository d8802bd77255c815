"""The database's backups as a host tells of them: read, judged, chosen."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hummii_ops.errors import Refused, Unreachable, UsageError
from hummii_ops.facts.archive_header import ArchiveHeader
from hummii_ops.facts.backup import Backup, Backups, Contents, Manifest, Migration, ServedDatabase
from hummii_ops.facts.backup_judgement import judge, judge_listed
from hummii_ops.facts.choose_backup import candidates
from hummii_ops.facts.magic import Recognised
from hummii_ops.facts.name_times import time_in_name
from hummii_ops.facts.parse_backups import parse_backups, parse_contents, parse_manifest

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
FOLDER = "/opt/hummii/backups/database"
SHA, OTHER = "a" * 64, "b" * 64
CUSTOM = Recognised(kind="custom", what="an archive of pg_dump (custom)", archive_version=(1, 14))
PLAIN = Recognised(kind="plain", what="a plain SQL dump")
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


def plain(**changes: Any) -> Backup:
    return backup("hummii.sql", recognised=PLAIN, header=None, **changes)


def manifest(**changes: Any) -> Manifest:
    made = parse_manifest(MANIFEST)
    assert made is not None
    return replace(made, **changes)


def contents(**changes: Any) -> Contents:
    fields: dict[str, Any] = {
        "sha256": SHA,
        "wrap_is_whole": True,
        "exit_code": 0,
        "complete": True,
        "crlf": False,
        "cut": "",
        "server_version": "15.18",
        "tables": True,
        "inserts": False,
        "rows": {"public.orders": 200, 'public."a b"': 3},
        "roles": frozenset({"hummii"}),
        "extensions": frozenset({"pgcrypto"}),
        "migrations": ("2025_init",),
        "failed_migrations": (),
        "forbidden": (),
        "said": "",
    }
    return Contents(**fields | changes)


def listed(*backups: Backup) -> Backups:
    return Backups(
        host_name="lab-1",
        read_at=NOW,
        folder=FOLDER,
        folder_exists=True,
        backups=backups,
        served=SERVED,
        error="",
    )


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("hummii-20250106_031500.sql", "2025-01-06T08:15:00+00:00"),
        ("hummii-20250106_031500Z.dump", "2025-01-06T03:15:00+00:00"),
        ("hummii_2025-01-06T03-15-00Z.sql.gz", "2025-01-06T03:15:00+00:00"),
        ("2025-01-06_03:15:00+01:00-hummii", "2025-01-06T02:15:00+00:00"),
        ("hummii15-20250106T031500Z", "2025-01-06T03:15:00+00:00"),
        ("hummii-1736133300.dump", "2025-01-06T03:15:00+00:00"),
        ("hummii_2025-02-14.sql.gz", "2025-02-14T05:00:00+00:00"),
        ("hummii-20250214.sql", "2025-02-14T05:00:00+00:00"),
        ("hummii-20251399_999999.sql", None),
        ("before-black-friday.sql", None),
        ("hummii-123456789012345678.sql", None),
        ("", None),
    ],
)
def test_the_time_in_a_name(name: str, at: str | None) -> None:
    """By the name alone, wherever it stands there, in the host's zone if it names none."""
    found, _ = time_in_name(name, zone=ZoneInfo("America/Toronto"))
    assert (found.isoformat() if found else None) == at


def test_what_a_time_is_not_sure_of_is_said() -> None:
    """A day without an hour, an hour that the clock showed twice, no time at all."""
    zone = ZoneInfo("America/Toronto")
    assert "no hour" in time_in_name("a-20250214.sql", zone=zone)[1]
    assert "twice" in time_in_name("a-20251102_013000.sql", zone=zone)[1]
    assert "no time" in time_in_name("a.sql", zone=zone)[1]
    assert time_in_name("a-20250214_120000.sql", zone=zone)[1] == ""


def frame(section: str, data: str | bytes = b"", code: int = 0) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    return b"\n@hummii %s %d %s\n" % (section.encode(), code, base64.b64encode(raw))


def entry(is_: str, name: str, head: bytes = b"", sidecar: str = "", written: str = "") -> bytes:
    told = frame("entry", f"{is_}\n14349\n1768473000\n{FOLDER}/{name}\n")
    return told + frame("head", head) + frame("inner") + frame("sidecar", sidecar) + frame("manifest", written)


def answer(*parts: bytes, served: str = "version\x1f150018\0size\x1f8000000\0role\x1fhummii\0") -> bytes:
    clock = frame("clock", "1768473000000 +0000\n\n") + frame("container", "c0ffee") + frame("served", served)
    return clock + frame("folder") + b"".join(parts) + frame("end")


def parsed(text: bytes) -> Backups:
    return parse_backups(text, host_name="lab-1", folder=FOLDER, database="hummii")


def test_a_folder_is_read() -> None:
    """Newest first by the names' times; what lies beside a backup belongs to it."""
    dump = b"--\n-- PostgreSQL database dump\n--\n"
    found = parsed(
        answer(
            entry("file", "hummii-20260101_000000.sql", dump),
            entry("file", "hummii-20260115_103000Z.sql", dump, f"{SHA}  x.sql\n", MANIFEST),
            entry("special", "fifo"),
            entry("outside", "out.dump"),
        )
    )
    assert [one.name for one in found.backups[:2]] == ["hummii-20260115_103000Z.sql", "hummii-20260101_000000.sql"]
    newest = found.backups[0]
    assert newest.sha256 == SHA
    assert newest.manifest is not None
    assert newest.manifest.rows == {"public.orders": 200, 'public."a b"': 3}
    assert newest.manifest.migrations == ("2025_init",)
    assert {one.lies for one in found.backups} == {"file", "special", "outside"}
    assert found.served is not None
    assert found.served.major == 15


def test_a_database_that_does_not_answer_hides_no_backup() -> None:
    """The list is there, and why nothing is known of the database."""
    away = parsed(answer(entry("file", "a.sql"), served="psql: error: the server is starting up\n"))
    assert away.served is None
    assert "starting up" in away.error
    assert len(away.backups) == 1


def test_half_an_answer_is_none() -> None:
    """Cut anywhere, it is unknown."""
    whole = answer(entry("file", "a.sql"))
    with pytest.raises(Unreachable):
        parsed(whole[: len(whole) - 5])
    with pytest.raises(Unreachable):
        parse_contents(frame("content", "complete\ncode 0\n"), host_name="lab-1")


def test_contents_are_read() -> None:
    """What sql_facts says, with quotes of SQL away and PUBLIC no role; what the tools complain of is kept."""
    told = 'role "the ""owner"""\nrole reader, PUBLIC\nrows 2 public.t\nmigration b\nmigration a\n'
    told += "objects 3 FK CONSTRAINT\nsequence 42 true public.a b\ncomplete\ncode 0\nsaid no\n"
    found = parse_contents(
        frame("sum", f"{SHA}\n") + frame("wrap") + frame("content", told) + frame("end"), host_name="h"
    )
    assert found is not None
    assert found.roles == {'the "owner"', "reader"}
    assert found.migrations == ("a", "b")
    assert (found.objects, found.sequences) == ({"FK CONSTRAINT": 3}, {"public.a b": "42 true"})
    assert (found.exit_code, found.complete, found.wrap_is_whole, found.said) == (0, True, True, "no")
    assert parse_contents(frame("end"), host_name="h") is None


@pytest.mark.parametrize("text", ["", "schema=other\n", "schema=hummii-ops/backup/v1\n", "\x00\xff", "sha256=" + SHA])
def test_another_file_named_like_a_manifest_is_none(text: str) -> None:
    """Only a whole one of ours says anything."""
    assert parse_manifest(text) is None


def test_a_good_backup_can_be_used() -> None:
    """With checksum and manifest there is nothing to doubt."""
    found = judge(backup(sha256=SHA, manifest=manifest()), contents(), SERVED, require_checksum=True)
    assert found.usable
    assert found.doubts == ()


@pytest.mark.parametrize(
    ("one", "read", "word"),
    [
        (backup(sha256=OTHER), contents(), ".sha256"),
        (backup(manifest=manifest(sha256=OTHER)), contents(), ".manifest"),
        (backup(manifest=manifest(rows={"public.orders": 1})), contents(), "not those of its manifest"),
        (backup(), contents(objects={"SEQUENCE SET": 2}, sequences={"public.a": "1 true"}), "1 are really set"),
        (backup(), contents(wrap_is_whole=False), "cut short or damaged"),
        (backup(), contents(exit_code=1, complete=False, said="end of file"), "end of file"),
        (backup(), contents(exit_code=None), "decoded"),
        (plain(), contents(cut="in the rows of public.t", complete=False), "in the rows of public.t"),
        (plain(), contents(crlf=True, complete=False), "CRLF"),
        (plain(), contents(complete=False), "cut short"),
        (plain(), contents(forbidden=("12 \\connect hummii",)), "\\connect"),
        (plain(), contents(server_version="17.2"), "PostgreSQL 17"),
        (plain(), contents(migrations=("1999_other",)), "another database"),
        (backup(), contents(migrations=("1999_other",)), "some tables alone"),
        (backup(), contents(tables=False, rows={}), "of nothing"),
        (backup(), contents(rows={}), "schema alone"),
        (backup(), contents(roles=frozenset({"hummii", "ghost"})), "ghost"),
        (backup(), contents(extensions=frozenset({"timescaledb"})), "timescaledb"),
    ],
)
def test_what_is_not_proven_whole_is_refused(one: Backup, read: Contents, word: str) -> None:
    """Each kind of damage, and each thing that a restore would lack, by its own words."""
    found = judge(one, read, SERVED)
    assert not found.usable
    assert word in " ".join(found.reasons)


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (backup(lies="special"), "FIFO"),
        (backup(lies="outside"), "out of the backups folder"),
        (backup(lies="nothing"), "nothing"),
        (backup(lies="unreadable"), "cannot read"),
        (backup("a\nb"), "control character"),
        (backup(recognised=Recognised(kind=None, what="a web page (HTML)")), "web page"),
        (backup(recognised=replace(CUSTOM, archive_version=(1, 16))), "1.16"),
        (backup(header=None), "header is damaged"),
        (backup(header=replace(HEADER, server_version="16.1")), "PostgreSQL 16"),
        (backup(header=replace(HEADER, database="other")), '"other"'),
    ],
)
def test_the_first_bytes_tell_enough_to_refuse(one: Backup, word: str) -> None:
    """Nothing is opened that is no backup, and nothing read to its end that cannot be used anyway."""
    assert word in " ".join(judge_listed(one, SERVED).reasons)


def test_another_databases_backup_is_allowed_by_its_name() -> None:
    """--from-database names it, and no other."""
    other = backup(header=replace(HEADER, database="other"))
    assert judge_listed(other, SERVED, from_database="other").usable
    assert not judge_listed(backup(), SERVED, from_database="other").usable
    assert judge(plain(), contents(migrations=("1999_other",)), SERVED, from_database="other").usable


def test_what_inserts_hold_is_not_known() -> None:
    """A dump with --inserts is whole, and its rows are not counted."""
    assert judge(plain(), contents(rows={}, inserts=True, migrations=()), SERVED).usable


def test_uncompressed_data_without_a_checksum_is_let_pass_and_said() -> None:
    """Nothing in it could show a flipped bit; --require-checksum refuses it."""
    for one in (plain(), backup(header=replace(HEADER, compressed=False))):
        found = judge(one, contents(), SERVED)
        assert found.usable
        assert "content cannot be proven: no checksum" in " ".join(found.doubts)
        assert not judge(one, contents(), SERVED, require_checksum=True).usable
    said = " ".join(judge(backup(), contents(), SERVED).doubts)
    assert "cannot be proven" not in said
    assert "its definitions are not" in said


def test_damage_is_not_blamed_on_what_is_missing() -> None:
    """Of half a backup it is not known what it needs: only the damage is said."""
    found = judge(backup(), contents(exit_code=1, complete=False, roles=frozenset({"ghost"})), SERVED)
    assert len(found.reasons) == 1


NEW, OLD, BARE = (
    backup("hummii-20260115_103000Z.dump", at=datetime(2026, 1, 15, 10, 30, tzinfo=UTC)),
    backup("hummii-20260114_103000Z.dump", at=datetime(2026, 1, 14, 10, 30, tzinfo=UTC)),
    backup("bare.sql", at=None),
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (f"{FOLDER}/hummii-20260114_103000Z.dump", (OLD,)),
        ("backups/database/hummii-20260114_103000Z.dump", (OLD,)),
        ("hummii-20260114_103000Z.dump", (OLD,)),
        ("20260114_103000", (OLD,)),
        ("20260114_103000Z", (OLD,)),
        ("2026-01-14T10:30:00Z", (OLD,)),
        ("bare.sql", (BARE,)),
        ("latest", (NEW, OLD)),
    ],
)
def test_a_text_means_a_backup(text: str, meant: tuple[Backup, ...]) -> None:
    """A path, a name, a time however it is written; latest is all that have a time, newest first."""
    assert candidates(listed(NEW, OLD, BARE), text) == meant


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "../x", "nothing", "dump", "20260101_000000", "2026", f"{FOLDER}/../x"]
)
def test_a_text_that_means_none_is_refused(text: str) -> None:
    """Also a path that leads out of the folder, and a part of a name."""
    with pytest.raises(Refused):
        candidates(listed(NEW, OLD, BARE), text)


def test_a_text_that_means_two_is_refused() -> None:
    """The names that it may mean are said."""
    with pytest.raises(Refused, match=r"hummii-20260114_103000Z\.dump, b-20260114_103000Z\.sql"):
        candidates(listed(OLD, backup("b-20260114_103000Z.sql", at=OLD.at)), "20260114_103000")


@pytest.mark.parametrize("text", ["", "a\nb", "x" * 5000])
def test_a_text_that_can_mean_nothing_is_wrong_usage(text: str) -> None:
    """Whatever lies on the host."""
    with pytest.raises(UsageError):
        candidates(listed(NEW), text)


def test_no_backup_at_all() -> None:
    """Says how to make one."""
    with pytest.raises(Refused) as refused:
        candidates(listed(), "latest")
    assert "backup-db" in refused.value.remedy
