"""`sql_facts`: what a dump says of itself, read line by line on the host."""

from __future__ import annotations

import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

HEAD = "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n\n"
END = "--\n-- PostgreSQL database dump complete\n--\n\n"
SHARED = files("hummii_ops.facts.database").joinpath("backup.sh").read_text(encoding="utf-8")


def facts(sql: str | bytes, *, code: int = 0, shell: str = "dash") -> list[str]:
    """The lines that it makes of a dump, as `as_sql` hands it over."""
    text = sql if isinstance(sql, bytes) else sql.encode()
    done = subprocess.run(
        [shell, "-euc", f"{SHARED}\nsql_facts"],
        input=text + b"\n@code %d\n" % code,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().splitlines()


def forbidden(sql: str) -> bool:
    return any(line.startswith("forbidden ") for line in facts(HEAD + sql + END))


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_whole_dump(shell: str) -> None:
    """Rows by table, migrations by their state, roles, extensions, versions, and its end."""
    columns = "id, checksum, finished_at, migration_name, logs, rolled_back_at, started_at, applied_steps_count"
    rows = "1\tx\tt\t2025_a\t\\N\t\\N\tt\t1\n2\tx\t\\N\t2025_b\t\\N\t\\N\tt\t0\n3\tx\tt\t2025_c\t\\N\tt\tt\t1\n"
    sql = (
        "CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;\n"
        "CREATE TABLE public.users (\n    id integer\n);\n"
        "INSERT INTO public.flags VALUES ('a\nINSERT INTO b');\n"
        'ALTER TABLE public.users OWNER TO "the owner";\n'
        "GRANT SELECT ON TABLE public.users TO reader WITH GRANT OPTION;\n"
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;\n"
        "ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA public GRANT SELECT ON TABLES  TO taker;\n"
        f'COPY public.users (id, "a b") FROM stdin;\n1\t\\\\connect x\n2\tDROP DATABASE hummii;\n\\.\n\n'
        f"COPY public._prisma_migrations ({columns}) FROM stdin;\n{rows}\\.\n"
        "COPY public.empty  FROM stdin;\n\\.\n"
    )
    assert facts(HEAD + sql + END, shell=shell) == [
        "from 15.18",
        "extension pgcrypto",
        "tables",
        "inserts",
        'role "the owner"',
        "role reader",
        "role PUBLIC",
        "role taker",
        "role maker",
        "migration 2025_a",
        "failed 2025_b",
        "rows 2 public.users",
        "rows 3 public._prisma_migrations",
        "rows 0 public.empty",
        "complete",
        "code 0",
    ]


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_table_of_contents_is_counted(shell: str) -> None:
    """Its entries by kind, and where it sets each sequence; names, functions and rows that look like it are none."""
    sql = (
        "-- Name: users; Type: TABLE; Schema: public; Owner: hummii\n"
        "CREATE TABLE public.users (id integer);\n"
        "-- Name: users; Type: COMMENT; Schema: public; Owner: hummii\n"
        "-- Name: a; Type: VIEW; Schema: b; Type: FK CONSTRAINT; Schema: public; Owner: hummii\n"
        "-- Name: f(); Type: FUNCTION; Schema: public; Owner: hummii\n"
        "CREATE FUNCTION f() RETURNS text AS $$\n-- Name: i; Type: INDEX; Schema: public; Owner: x\n"
        "SELECT pg_catalog.setval('public.no', 1, true);\n$$ LANGUAGE sql;\n"
        "-- Data for Name: users; Type: TABLE DATA; Schema: public; Owner: hummii\n"
        "COPY public.users (id) FROM stdin;\n-- Name: i; Type: INDEX; Schema: public; Owner: x\n\\.\n"
        "-- Name: users_id_seq; Type: SEQUENCE SET; Schema: public; Owner: hummii\n"
        "SELECT pg_catalog.setval('public.users_id_seq', 42, true);\n"
        "SELECT pg_catalog.setval('public.\"it''s, one\"', -1, false);\n"
        "SELECT pg_catalog.setval( E'public.\"b\\\\s\"', 7, true);\n"
        "-- Name: i; Type: INDEX; Schema: public; Owner: hummii\n"
        "-- Name: j; Type: INDEX; Schema: public; Owner: hummii\n"
    )
    found = facts(HEAD + sql + END, shell=shell)
    assert [line for line in found if line.startswith(("objects", "sequence"))] == [
        "sequence 42 true public.users_id_seq",
        'sequence -1 false public."it\'s, one"',
        'sequence 7 true public."b\\s"',
        "objects 1 TABLE",
        "objects 2 INDEX",
        "objects 1 FK CONSTRAINT",
        "objects 1 SEQUENCE SET",
        "objects 1 FUNCTION",
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "\\connect hummii\n",
        "\\! touch /tmp/P\n",
        "SELECT 1; \\! touch /tmp/P\n",
        "SELECT 'a''b' \\gexec\n",
        "SELECT E'it\\'s' \\! touch /tmp/P\n",
        "/* a /* b */ \\! touch /tmp/P */\n",
        "SELECT 1 AS a$x$; \\! id -- $x$\n",
        "\\copy users from '/etc/passwd'\n",
        "COPY public.users FROM stdin; \\! id\n\\.\n",
        "\\restrict abc \\! id\n",
        "CREATE DATABASE other;\n",
        "drop\n  database hummii;\n",
        "ALTER DATABASE hummii RENAME TO gone;\n",
        "ALTER SYSTEM SET fsync = off;\n",
        "CREATE ROLE root SUPERUSER;\n",
        "COPY users FROM PROGRAM 'id';\n",
    ],
)
def test_what_would_reach_beyond_the_database_is_seen(sql: str) -> None:
    """Commands of psql, other databases, roles, programs: wherever they stand outside of data and quotes."""
    assert forbidden(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "\\restrict abc\n\\unrestrict abc\n",
        "-- Name: a; \\connect b\n",
        "SELECT '\\! no', E'\\\\! no';\n",
        "CREATE FUNCTION f() RETURNS text AS $$\n\\connect x\nDROP DATABASE y;\n$$ LANGUAGE sql;\n",
        "CREATE FUNCTION f() AS $_$ SELECT '$$ \\! ' $_$;\n",
        "COMMENT ON TABLE a IS 'first\n\\! second\nDROP DATABASE third';\n",
        'CREATE TABLE "drop database" (a int);\n',
        "COPY public.t (a) FROM stdin;\n\\! id\nDROP DATABASE hummii;\n\\.\n",
        "CREATE USER MAPPING FOR a SERVER b;\n",
        "CREATE CONSTRAINT c CHECK (a ~ '^\\d+\\!$'::text);\n",
    ],
)
def test_data_and_quoted_text_are_no_commands(sql: str) -> None:
    """What customers wrote, and what stands in functions and comments, never makes a good dump unusable."""
    assert not forbidden(sql)
    assert "complete" in facts(HEAD + sql + END)


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        (f"{HEAD}COPY public.t (a) FROM stdin;\n1\n2", "cut in the rows of public.t"),
        (f"{HEAD}COMMENT ON TABLE a IS 'half", "cut inside of a quoted text"),
        (HEAD.replace("\n", "\r\n") + END.replace("\n", "\r\n"), "crlf"),
    ],
)
def test_damage_is_named(sql: str, word: str) -> None:
    """Cut in the rows of a table, inside of a text, or sent through a terminal: never complete."""
    found = facts(sql)
    assert word in found
    assert "complete" not in found


def test_partitions_that_are_loaded_by_way_of_their_top() -> None:
    """With --load-via-partition-root there are several copies into one table: their sum counts."""
    copies = "".join(f"COPY public.events (id) FROM stdin;\n{rows}\\.\n" for rows in ("1\n2\n", "3\n", ""))
    assert [line for line in facts(HEAD + copies + END) if line.startswith("rows ")] == ["rows 3 public.events"]


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_counts_under_the_names_of_the_backup(shell: str, tmp_path: Path) -> None:
    """Partitions are added up where the backup names their top alone, and only there."""
    (tmp_path / "expected").write_text("9 public.events\n3 public.by_day\n2 public.day_1\n1 public.day_2\n")
    tops = "public.events\tpublic.e 1\npublic.events\tpublic.e_2\npublic.by_day\tpublic.day_1\nother.o\tother.o_1\n"
    (tmp_path / "partitions").write_text(tops)
    counts = "4 public.e 1\n5 public.e_2\n2 public.day_1\n1 public.day_2\n7 other.o_1\n3000000000 public.users\n"
    done = subprocess.run(
        [shell, "-uc", f"{SHARED}\nfolded expected partitions"],
        input=counts,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    kept = ["1 public.day_2", "2 public.day_1", "3000000000 public.users", "7 other.o_1", "9 public.events"]
    assert sorted(done.stdout.splitlines()) == kept


def test_only_the_last_line_ends_a_dump() -> None:
    """Cut at a statement's end, by a single byte, or followed by more: not complete."""
    whole = f"{HEAD}CREATE TABLE a (b int);\n{END}"
    assert "complete" in facts(whole)
    for cut in (whole[: -len(END)], whole[:-1], whole[:-2], whole + "CREATE TABLE b (c int);\n", whole + "x\n\n\n"):
        assert "complete" not in facts(cut)
    assert "complete" in facts(whole.removesuffix("\n") + "\n\\unrestrict abc\n\n")


def test_the_readers_own_end_is_kept() -> None:
    """The exit code of who decoded is a fact of its own; a row that looks like it is a row."""
    assert "code 1" in facts(HEAD + END, code=1)
    found = facts(f"{HEAD}COPY public.t (a) FROM stdin;\n@code 7\n\\.\n{END}")
    assert "rows 1 public.t" in found
    assert "code 0" in found
    assert "code 7" not in found


def test_bytes_that_are_no_text() -> None:
    """A dump in another encoding is read as it is."""
    assert "rows 1 public.t" in facts(
        HEAD.encode() + b"COPY public.t (a) FROM stdin;\n\xff\xfe\xe9\n\\.\n" + END.encode()
    )
