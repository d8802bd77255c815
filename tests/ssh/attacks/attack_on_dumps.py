"""What stands in the folder of backups, as somebody left it there: names, headers, manifests, and what dumps define.

Docker answers here as far as a read of backups asks it: a container, and a server of PostgreSQL 15 in it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attacked import Answer, Attacked

DATABASE = {"name": "app", "user": "app", "backups_dir": "dumps"}
PLAIN = """\
--
-- PostgreSQL database dump
--

-- Dumped from database version 15.4
-- Dumped by pg_dump version 15.4

CREATE TABLE public.users (id integer);
-- Name: @; Type: TABLE; Schema: public; Owner: @
ALTER TABLE public.users OWNER TO @;
CREATE EXTENSION IF NOT EXISTS @ WITH SCHEMA public;
COPY public.@ (id) FROM stdin;
1
\\.
COPY public._prisma_migrations (migration_name, finished_at, rolled_back_at) FROM stdin;
@\tx\t\\N
\\.
SELECT pg_catalog.setval('public.@', 1, true);
@
\\connect @

--
-- PostgreSQL database dump complete
--

"""
MANIFEST = """\
schema=hummii-ops/backup/v1
database=@
run=@
sha256={sum}
size=@
release=@
from=@
by=@
started=@
ended=@
migration=@
rows=1 @
@
"""


def as_backup(attacked: Attacked, text: str) -> Answer:
    """As what a person says the backup is."""
    attacked.inventory(database=DATABASE)
    return attacked.fab("rollback-db", "--dry-run", f"--backup={text}")


def as_name(attacked: Attacked, text: str) -> Answer:
    """Each name of its own: as far as a file can have it."""
    data = text.replace("/", "_").replace("\0", "_").encode(errors="surrogateescape")[:200]
    return listed(attacked, b"dump_" + data + b".sql", PLAIN.replace("@", "x").encode())


def in_header(attacked: Attacked, text: str) -> Answer:
    """The database and the versions that an archive's first bytes name."""
    return listed(attacked, b"header.dump", archive(text.encode(errors="surrogatepass")))


def in_manifest(attacked: Attacked, text: str) -> Answer:
    """Every value that lies beside a dump, and a line of its own."""
    dump = PLAIN.replace("@", "x").encode()
    manifest = MANIFEST.format(sum=hashlib.sha256(dump).hexdigest()).replace("@", text)
    beside = {b".manifest": manifest.encode(errors="surrogatepass"), b".sha256": text.encode(errors="surrogatepass")}
    return listed(attacked, b"manifest.sql", dump, beside)


def within(attacked: Attacked, text: str) -> Answer:
    """Tables, roles, extensions, migrations and sequences that a dump defines: it is read to its last byte."""
    dump = PLAIN.replace("@", text).encode(errors="surrogatepass")
    with laid(attacked, {b"within.sql": dump}):
        return attacked.fab("check-backup", "--backup=within.sql")


def listed(attacked: Attacked, name: bytes, dump: bytes, beside: dict[bytes, bytes] | None = None) -> Answer:
    """What is said of it by what lists backups, and by what would go back to it."""
    with laid(attacked, {name: dump, **{name + end: data for end, data in (beside or {}).items()}}):
        return attacked.fab("check-backup", f"--backup={os.fsdecode(name)}")


@contextmanager
def laid(attacked: Attacked, files: dict[bytes, bytes]) -> Iterator[None]:
    """These alone lie in a folder of backups, while docker answers."""
    folder = attacked.project / "dumps"
    folder.mkdir(exist_ok=True)
    paths = [Path(os.fsdecode(os.fsencode(folder) + b"/" + name)) for name in files]
    attacked.inventory(database=DATABASE)
    for path, data in zip(paths, files.values(), strict=True):
        path.write_bytes(data)
    served = attacked.folder / "bin" / "served"
    served.write_bytes(b"version\x1f150004\0size\x1f12345\0role\x1fapp\0migration\x1fm\x1ft\x1ff\x1fabc\0")
    try:
        yield
    finally:
        served.unlink()
        for path in paths:
            path.unlink()


def archive(text: bytes) -> bytes:
    """The head of a dump in pg_dump's own format, 1.14, of PostgreSQL 15."""

    def number(value: int) -> bytes:
        return (b"\1" if value < 0 else b"\0") + abs(value).to_bytes(4, "little")

    named = number(len(text)) + text
    moment = b"".join(number(one) for one in (0, 30, 10, 15, 0, 126, 0))
    return b"PGDMP" + bytes((1, 14, 0, 4, 8, 1)) + number(-1) + moment + named * 3 + number(3)
