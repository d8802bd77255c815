"""Which backups of the database can be used: whole, of this database, for this server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from facts_backup import CUSTOM, HEADER, MANIFEST, OTHER, SERVED, SHA, backup

from hummii_ops.facts.database.backup import Backup, Contents, Manifest
from hummii_ops.facts.database.backup_judgement import judge, judge_listed
from hummii_ops.facts.database.magic import Recognised
from hummii_ops.facts.database.parse_backups import parse_manifest

PLAIN = Recognised(kind="plain", what="a plain SQL dump")


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
