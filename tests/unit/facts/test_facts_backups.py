"""The database's backups as a host tells of them: read, judged, chosen."""

from __future__ import annotations

import base64
from zoneinfo import ZoneInfo

import pytest
from facts_backup import FOLDER, MANIFEST, SHA

from hummii_ops.errors import Unreachable
from hummii_ops.facts.database.backup import Backups
from hummii_ops.facts.database.parse_backups import parse_backups, parse_contents, parse_manifest
from hummii_ops.facts.name_times import time_in_name


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
