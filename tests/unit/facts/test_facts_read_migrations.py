"""An answer about migrations → Schema: what is whole is read, and what is not is not known, never empty."""

from __future__ import annotations

import gzip
import io
import tarfile
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from facts_stacks import ENVIRONMENT, container, image, image_id, snapshot

from hummii_ops.errors import Unreachable
from hummii_ops.facts.database.backup import Migration
from hummii_ops.facts.database.read_migrations import (
    KEPT,
    ImageMigrations,
    Schema,
    parse_migrations,
    read_migrations,
    read_schema,
)
from hummii_ops.inventory.models import Environment
from hummii_ops.inventory.stack_settings import Database
from hummii_ops.transport import FakeTransport, LinkLost, Result

IMAGE, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
WITH_DATABASE = Environment.model_validate(
    ENVIRONMENT.model_dump() | {"database": Database(name="hummii", user="hummii")}
)
ROW = "1_init\x1ft\x1ff\x1f" + "c" * 64


def frame(section: str, data: bytes, code: int = 0) -> bytes:
    return f"\n@hummii {section} {code} {b64encode(data).decode()}\n".encode()


def folder(files: dict[str, str]) -> bytes:
    """What `docker cp` makes of a folder."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return raw.getvalue()


def shipped(image: str, tar: bytes) -> bytes:
    return frame("shipped", image.encode() + b"\n" + gzip.compress(tar))


def parsed(*sections: bytes, images: tuple[str, ...] = (IMAGE,)) -> Schema:
    return parse_migrations(b"".join((*sections, frame("end", b""))), host_name="h-1", image_ids=images)


def test_an_image_with_migrations_and_a_database() -> None:
    """Names with the sha256 of the bytes and the text, of nothing but each migration.sql; and the rows."""
    tar = folder(
        {
            "migrations/migration_lock.toml": "provider",
            "migrations/1_init/migration.sql": "CREATE TABLE a ();",
            "migrations/1_init/down.sql": "DROP TABLE a;",
            "migrations/2_note/migration.sql": "ALTER TABLE a ADD COLUMN b TEXT;",
            "migrations/2_note/old/migration.sql": "nothing",
        }
    )
    rows = f"{ROW}\x1e2_note\x1ff\x1ff\x1f{'d' * 64}"
    found = parsed(shipped(IMAGE, tar), shipped(OTHER, b""), frame("recorded", rows.encode()), images=(IMAGE, OTHER))
    image = found.shipped[IMAGE]
    assert image is not None
    assert image.texts == {"1_init": "CREATE TABLE a ();", "2_note": "ALTER TABLE a ADD COLUMN b TEXT;"}
    assert image.sha256 == {name: sha256(text.encode()).hexdigest() for name, text in image.texts.items()}
    assert found.shipped[OTHER] is None
    assert found.texts() == {}  # neither is the text that was applied
    applied = Migration(name="1_init", finished=True, rolled_back=False, sha256=image.sha256["1_init"])
    assert replace(found, recorded=(applied,)).texts() == {"1_init": "CREATE TABLE a ();"}
    assert found.recorded == (
        Migration(name="1_init", finished=True, rolled_back=False, sha256="c" * 64),
        Migration(name="2_note", finished=False, rolled_back=False, sha256="d" * 64),
    )
    assert found.why == ""


def test_an_empty_folder_is_not_none() -> None:
    """An image that ships no migration yet says so."""
    assert parsed(shipped(IMAGE, folder({"migrations/.keep": ""}))).shipped[IMAGE] == ImageMigrations(
        texts={}, sha256={}
    )


def test_what_was_cut_is_not_known() -> None:
    """A folder that is larger than what is read, or half of a tar, is no folder with fewer migrations."""
    tar = folder({f"migrations/{n}_a/migration.sql": "x" * 600 for n in range(1, 30)})
    for cut in (tar[: len(tar) // 2], tar[: 2 * 1536], b"no tar at all"):
        assert parsed(shipped(IMAGE, cut)).shipped[IMAGE] is None
    assert parsed(frame("shipped", IMAGE.encode() + b"\nno gzip")).shipped[IMAGE] is None
    assert parsed().shipped == {IMAGE: None}


def test_an_empty_list_of_migrations() -> None:
    """No row is an answer too."""
    assert parsed(frame("recorded", b"")).recorded == ()


def test_warnings_of_psql_are_no_name() -> None:
    """What psql complains of stands before the first row, and does not become a part of it."""
    rows = f'WARNING:  database "hummii" has a collation version mismatch\nDETAIL:  it has\n{ROW}\n'
    assert [one.name for one in parsed(frame("recorded", rows.encode())).recorded or ()] == ["1_init"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("PostgreSQL's container does not run\n", "PostgreSQL's container does not run"),
        (
            'ERROR:  relation "_prisma_migrations" does not exist\nLINE 2: FROM "_prisma_migrations"\n  ^',
            "the database has no list of migrations (_prisma_migrations)",
        ),
        (
            'psql: error: connection to server failed: FATAL:  role "x" does not exist',
            'the database does not answer: psql: error: connection to server failed: FATAL:  role "x" does not exist',
        ),
        ("", "the database does not answer"),
    ],
)
def test_why_the_database_did_not_tell(words: str, why: str) -> None:
    """No rows, and the reason in words; control characters cannot reach a terminal."""
    found = parsed(frame("recorded", words.encode(), 1))
    assert (found.recorded, found.why) == (None, why)


def test_half_an_answer_is_none() -> None:
    """Without its last line it was cut."""
    with pytest.raises(Unreachable):
        parse_migrations(frame("recorded", b""), host_name="h-1", image_ids=())


def test_a_host_that_does_not_answer_stops_nothing() -> None:
    """A lost link, half an answer, no database in the inventory: nothing is known, with the reason, and no error."""

    def lost(_script: str, _args: tuple[str, ...]) -> Result:
        raise LinkLost("gone")

    half = FakeTransport(lambda *_: Result(exit_code=0, stdout=frame("recorded", b""), stderr=b""))
    for host in (FakeTransport(lost), half):
        found = read_migrations(host, WITH_DATABASE, [IMAGE])
        assert (found.recorded, found.shipped, found.why) == (None, {}, "the host did not answer in time")
    unnamed = FakeTransport(lost)
    assert "names no database" in read_migrations(unnamed, ENVIRONMENT, [IMAGE]).why
    assert unnamed.calls == []


@pytest.mark.parametrize("known", [True, False])
def test_what_an_older_rollback_left_is_looked_for_in_other_images(known: bool) -> None:
    """Only where neither image has a migration: then the service's other images are asked, and those that were kept."""
    sql = "ALTER TABLE a ADD COLUMN b TEXT;"
    has_it = shipped(image_id("hummii-api:1.2"), folder({"migrations/2_note/migration.sql": sql}))
    rows = f"2_note\x1ft\x1ff\x1f{sha256(sql.encode()).hexdigest()}".encode()
    none = b"".join(shipped(image_id(ref), folder({})) for ref in ("hummii-api:1.1", "hummii-api:1.0"))
    asked: list[tuple[str, ...]] = []

    def answer(_script: str, args: tuple[str, ...]) -> Result:
        asked.append(args[5:])
        images = has_it if len(asked) == 2 else none
        rest = frame("recorded", b"" if known else rows) + frame("end", b"")
        return Result(exit_code=0, stdout=images + rest, stderr=b"")

    here = tuple(image(ref) for ref in ("hummii-api:1.0", "hummii-api:1.2", "hummii-redis:7", f"{KEPT}:0123"))
    seen = snapshot(containers=(container("api", "hummii-api:1.1"),), images=here)
    found = read_schema(FakeTransport(answer), WITH_DATABASE, seen, image_id("hummii-api:1.0"))
    first = {image_id("hummii-api:1.0"), image_id("hummii-api:1.1")}
    others = {image_id("hummii-api:1.2"), image_id(f"{KEPT}:0123")}
    assert [set(one) for one in asked] == ([first] if known else [first, others])
    assert found.texts() == ({} if known else {"2_note": sql})
