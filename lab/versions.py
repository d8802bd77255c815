"""Does the SQL of a database rollback work on another PostgreSQL? python -m lab.versions BIN…

BIN is the folder of a server's programs (initdb, pg_ctl, postgres); psql is the machine's own. For each, a cluster is
made in a temporary folder, a database is prepared beside another, served instead of it, and taken back, by the same
files of SQL that a host is sent. It shows the SQL alone: neither dumps of that version, nor its image in a stack.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

RUN = "20260101T000000Z-prepare-db-0001"
SIDE, ASIDE = "hummii_ops_side_x", "hummii_ops_prev_x"
SHOP = """
CREATE TABLE users (id serial PRIMARY KEY, name text);
INSERT INTO users (name) SELECT 'someone' FROM generate_series(1, {});
CREATE TABLE days (day date) PARTITION BY RANGE (day);
CREATE TABLE days_a PARTITION OF days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE "_prisma_migrations" (migration_name text, finished_at timestamptz, rolled_back_at timestamptz);
INSERT INTO "_prisma_migrations" VALUES ('1_first', now(), NULL);
CREATE VIEW many AS SELECT count(*) FROM users; CREATE PROCEDURE nothing() LANGUAGE plpgsql AS $$BEGIN END$$;
"""
RIGHTS = """
CREATE ROLE app; CREATE ROLE reader; ALTER DATABASE "Shop" OWNER TO app; REVOKE ALL ON DATABASE "Shop" FROM PUBLIC;
GRANT CONNECT ON DATABASE "Shop" TO reader WITH GRANT OPTION; ALTER DATABASE "Shop" SET timezone = 'America/Toronto';
ALTER ROLE app IN DATABASE "Shop" SET search_path = "$user", public; COMMENT ON DATABASE "Shop" IS 'it''s served';
ALTER DATABASE "Shop" CONNECTION LIMIT 50; GRANT TEMPORARY ON DATABASE "Shop" TO app WITH GRANT OPTION;
"""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A server of our own, reached by a socket in its folder."""

    folder: Path

    def psql(self, text: str, database: str, **variables: str) -> str:
        """What it answers. Raises CalledProcessError with its words on stderr."""
        words = [word for name, value in ({"live": "Shop"} | variables).items() for word in ("-v", f"{name}={value}")]
        base = ["psql", "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", "postgres", "-d", database]
        done = subprocess.run([*base, *words], input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()

    def script(self, name: str, database: str = "postgres", /, **variables: str) -> str:
        """One of the files that a host is sent."""
        text = files("hummii_ops.facts.database").joinpath(f"sql/{name}.sql").read_text(encoding="utf-8")
        return self.psql(text, database, **variables)


def main(folders: list[str]) -> int:
    """A line for each server; the exit code is 1 if one of them said no."""
    wrong = 0
    for one in folders:
        try:
            with cluster(Path(one)) as made:
                print(f"{made.psql('SHOW server_version', 'postgres')}: {_tried(made)} files of SQL, there and back")
        except RuntimeError as error:
            wrong = 1
            print(f"{one}: {error}", file=sys.stderr)
    return wrong


@contextmanager
def cluster(programs: Path) -> Iterator[Cluster]:
    """Made and started in a folder of its own; stopped when all is over. As root it belongs to the account postgres."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        as_owner = []
        if Path(folder).owner() == "root":
            subprocess.run(["chown", "postgres", folder], check=True)
            as_owner = ["runuser", "-u", "postgres", "--"]
        data = f"{folder}/data"

        def call(*words: str) -> None:
            subprocess.run([*as_owner, *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)

        call(str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8")
        flags = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        call(str(programs / "pg_ctl"), "-D", data, "-o", flags, "-l", f"{folder}/log", "-w", "start")
        try:
            yield Cluster(folder=Path(folder))
        finally:
            call(str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "stop")


def _tried(made: Cluster) -> int:
    """Every file, in the order of the two runs, an undo, and a clean. Raises RuntimeError."""
    made.psql('CREATE DATABASE "Shop"', "postgres")
    made.psql(SHOP.format(5), "Shop")
    made.psql(RIGHTS, "postgres")
    _same(made.script("obstacles"), "", "nothing is in the way")
    ids = dict(line.split("=") for line in made.script("side-create", side=SIDE, run=RUN).splitlines())
    made.psql(SHOP.format(3), SIDE)
    _same(made.script("validate", SIDE, deep="on"), "", "nothing is wrong")
    made.script("properties", side=SIDE)
    _same(made.script("properties-differ", side=SIDE), "", "the properties are the same")
    _same(made.script("counts", SIDE), "1 public._prisma_migrations\n0 public.days_a\n3 public.users", "rows")
    _same(made.script("partitions", SIDE), "public.days\tpublic.days_a", "partitions")
    _same(made.script("sequences", SIDE), "3 true public.users_id_seq", "sequences")
    for name in ("objects", "behind", "extension-tables", "migrations", "serves"):
        made.script(name, SIDE)
    made.script("checkpoint")
    for new, old, aside, what in (("side", "live", ASIDE, "prev"), ("live", "side", SIDE, "side")):
        made.script("swap", new=ids[new], old=ids[old], aside=aside, mark=f"hummii-ops {what} {RUN}")
        served = made.script("databases").splitlines()
        _same(served[0], f"{ids[new]}|Shop|t|", "it is served")
        _same(served[1], f"{ids[old]}|{aside}|f|hummii-ops {what} {RUN}", "the other is fenced")
        made.script("databases-sized")
        _same(made.psql("SHOW timezone", "Shop"), "America/Toronto", "its settings")
        _same(made.script("properties-differ", side=aside), "", "the properties after it")
    made.script("kept-drop", oid=ids["side"], name=SIDE, comment=f"hummii-ops side {RUN}")
    made.script("side-drop", side=SIDE, run=RUN)
    _same(made.psql("SELECT count(*) FROM users", "Shop"), "5", "the rows from before")
    return len(list(files("hummii_ops.facts.database").joinpath("sql").iterdir()))


def _same(found: str, wanted: str, what: str) -> None:
    if found != wanted:
        raise RuntimeError(f"{what}: {found!r}, not {wanted!r}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
