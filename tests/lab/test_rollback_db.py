"""The database back to a backup, on a real PostgreSQL: what is served, what is kept, what an operator is told."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest
from lab_database import CONTENT, OURS, SQL, order, sql
from lab_operator import Operator, until
from lab_production import PROJECT, Production, say

from lab import stack
from lab.docker import DockerFailed

pytestmark = pytest.mark.lab

PROPERTIES = """
SELECT pg_get_userbyid(datdba), datconnlimit, shobj_description(oid, 'pg_database'), datcollate,
       (SELECT string_agg(one, ';' ORDER BY one)
          FROM pg_db_role_setting, unnest(setconfig) one WHERE setdatabase = d.oid),
       (SELECT string_agg(concat(grantee, privilege_type, is_grantable), ';' ORDER BY grantee, privilege_type)
          FROM aclexplode(coalesce(datacl, acldefault('d', datdba))))
  FROM pg_database d WHERE datname = 'hummii'
"""
YES = ("--yes", "--reason=1.4 dropped a column", "--settle=0")
PREPARE = ("rollback-db", "--backup=latest", "--to=1.0", "--settle=0")
ASKED = "Type the name of the database"
AT_WORK = "query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"


@pytest.fixture
def broken(production: Production) -> Iterator[Production]:
    """1.4 over 1.0: its migration dropped a column that orders need; some rows were written since."""
    stack.reset(production.lab, say=say, ask=lambda _question: True)
    sql(production, "ALTER DATABASE hummii CONNECTION LIMIT 90; COMMENT ON DATABASE hummii IS 'the shop';")
    sql(
        production,
        "ALTER DATABASE hummii SET timezone = 'America/Toronto'; REVOKE CONNECT ON DATABASE hummii FROM PUBLIC;",
    )
    sql(production, "GRANT TEMPORARY ON DATABASE hummii TO hummii WITH GRANT OPTION")  # its own owner
    production.deploy("1.4")
    until(lambda: production.serves("1.4"), what="1.4 serves")
    sql(production, "INSERT INTO messages (user_id, text) SELECT 1, 'since ' || n FROM generate_series(1, 7) AS n")
    yield production
    stack.reset(production.lab, say=say, ask=lambda _question: True)


def test_the_database_and_the_code_go_back_and_forth(broken: Production, operator: Operator) -> None:
    """1.4 dropped a column: back to the dump from before and to 1.0; undo and its undo, each with its own content."""
    properties = sql(broken, PROPERTIES)
    assert order(broken) == 500
    new = sql(broken, CONTENT)
    end = operator.fab("rollback-db", "--backup=latest", "--to=1.0", *YES).ended(0).document
    assert broken.serves("1.0")
    assert (end["from"]["version"], end["to"]["version"], end["verdict"]) == ("1.4", "1.0", "pass")
    assert end["rows_newer"] >= 7
    assert end["loss_window_s"] >= 1
    assert 0 <= end["swap_ms"] < 5000
    assert end["restore_s"] > 0
    assert end["outage_s"] > 0
    assert sql(broken, OURS, "postgres") == end["old_database"]
    old = sql(broken, CONTENT)
    assert old != new
    assert sql(broken, "SELECT count(*) FROM messages WHERE text LIKE 'since %'") == "0"
    assert sql(broken, PROPERTIES) == properties
    with pytest.raises(DockerFailed):  # kept, and fenced
        sql(broken, "SELECT 1", end["old_database"])
    assert order(broken) == 201
    changed = sql(broken, CONTENT)
    back = operator.fab("undo", "--yes", "--reason=it was right after all").ended(0).document
    assert (back["from"]["version"], back["to"]["version"]) == ("1.0", "1.4")
    until(lambda: broken.serves("1.4"), what="1.4 serves again")
    assert (sql(broken, CONTENT), sql(broken, PROPERTIES)) == (new, properties)
    operator.fab("undo", "--yes", "--reason=no, it was not").ended(0)
    until(lambda: broken.serves("1.0"), what="1.0 serves again")
    assert (sql(broken, CONTENT), sql(broken, PROPERTIES)) == (changed, properties)
    assert len(sql(broken, OURS, "postgres").splitlines()) == 1


def test_what_does_not_get_healthy_goes_back(broken: Production, operator: Operator) -> None:
    """The exchange is taken back by itself when the code on it is ill: 5, with the content from before."""
    stack.reset(broken.lab, say=say, ask=lambda _question: True)
    broken.deploy("1.1")
    broken.deploy("1.4")
    until(lambda: broken.serves("1.4"), what="1.4 serves")
    before = sql(broken, CONTENT), sql(broken, PROPERTIES), broken.images(), broken.file()
    end = operator.fab("rollback-db", "--backup=latest", "--to=1.1", "--health-timeout=8", *YES).ended(5).document
    assert end["verdict"] == "restored"
    assert (end["swap_ms"], end["old_database"]) == (None, None)
    until(lambda: broken.serves("1.4"), what="1.4 serves")
    assert (sql(broken, CONTENT), sql(broken, PROPERTIES), broken.images(), broken.file()) == before


def test_what_is_prepared_waits_for_a_word(broken: Production, operator: Operator) -> None:
    """Without the name nothing is exchanged, and it is kept; cancel drops it, resume --yes serves it."""
    before = sql(broken, CONTENT), broken.containers()
    code, said = operator.at_terminal(*PREPARE, asked=ASKED, typed="hummi")
    assert code == 9
    assert "public.messages: " in said
    (first,) = [one for one in broken.run_ids() if "prepare-db" in one]
    assert broken.state(first) == "prepared"
    assert (sql(broken, CONTENT), broken.containers()) == before
    assert len(sql(broken, OURS, "postgres").splitlines()) == 1
    assert not broken.holds(f"test -e {PROJECT}/.hummii-ops/lease")
    gone = operator.fab("cancel", f"--run={first}", "--yes", "--reason=not now").ended(0).document
    assert len(gone["dropped"]) == 1
    assert sql(broken, OURS, "postgres") == ""
    assert broken.state(first) == "abandoned"
    operator.fab("resume", f"--run={first}", "--yes", "--reason=now").ended(3)
    operator.at_terminal(*PREPARE, asked=ASKED, typed="")
    second = [one for one in broken.run_ids() if "prepare-db" in one][-1]
    sql(broken, "INSERT INTO messages (user_id, text) VALUES (1, 'while it waited')")
    end = operator.fab("resume", f"--run={second}", "--yes", "--reason=now").ended(0).document
    assert end["rows_newer"] >= 8
    assert broken.serves("1.0")


def test_what_has_moved_since_it_was_prepared_is_refused(broken: Production, operator: Operator) -> None:
    """A deploy since then: 3, nothing is exchanged."""
    operator.at_terminal(*PREPARE, asked=ASKED, typed="")
    broken.deploy("1.2")
    until(lambda: broken.serves("1.2"), what="1.2 serves")
    before = sql(broken, CONTENT)
    said = operator.fab("resume", "--yes", "--reason=now").ended(3)
    assert "changed since" in said.document["error"]
    assert sql(broken, CONTENT) == before


def test_what_stands_in_the_way_is_named_before_anything_stops(broken: Production, operator: Operator) -> None:
    """A migration at work, a dump at work: 3, and everything is as it was."""
    before = broken.containers()
    for words, held in (
        ("migration", "SELECT pg_advisory_lock(72707369), pg_sleep(60)"),
        ("pg_dump", "SET application_name = 'pg_dump'; SELECT pg_sleep(60)"),
    ):
        holder = subprocess.Popen(["docker", "exec", broken.name, "sh", "-c", f'echo "{held}" | {SQL} hummii'])
        until(lambda: sql(broken, f"SELECT count(*) FROM pg_stat_activity WHERE {AT_WORK}") == "1", what=words)
        said = operator.fab("rollback-db", "--backup=latest", "--to=1.0", *YES).ended(3)
        assert words in said.document["error"]
        sql(broken, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {AT_WORK}")
        holder.wait(30)
    assert broken.containers() == before
    assert sql(broken, OURS, "postgres") == ""
    assert broken.run_ids() == []


def test_wrong_use_is_refused_at_once(broken: Production, operator: Operator) -> None:
    """No backup named, --yes without a reason, no terminal, a backup that is none: 2 or 3, and nothing begins."""
    before = broken.fingerprint()
    operator.fab("rollback-db").ended(2)
    operator.fab("rollback-db", "--backup=latest", "--yes").ended(2)
    operator.fab("rollback-db", "--backup=latest").ended(3)
    operator.fab("rollback-db", "--backup=nonesuch", *YES).ended(3)
    operator.fab("rollback-db", "--backup=latest", "--to=$(id)", *YES).ended(2)
    operator.fab("rollback-db", "--backup=latest", "--to=7.7", *YES).ended(3)
    plan = operator.fab("rollback-db", "--backup=latest", "--to=1.0", "--dry-run").ended(0).document
    assert [one["task"] for one in plan["plans"]] == ["prepare-db", "rollback-db"]
    assert broken.fingerprint() == before


def test_a_drill_restores_and_leaves_nothing(broken: Production, operator: Operator) -> None:
    """check-backup --restore: restored and proven beside, dropped again; what is served was never touched."""
    before = sql(broken, CONTENT), broken.containers(), sql(broken, "SELECT oid, datname FROM pg_database ORDER BY oid")
    (one,) = operator.fab("check-backup", "--backup=latest", "--restore").ended(0).document["backups"]
    assert one["restored"]
    after = sql(broken, CONTENT), broken.containers(), sql(broken, "SELECT oid, datname FROM pg_database ORDER BY oid")
    assert after == before


def test_old_databases_are_dropped_and_the_last_one_stays(broken: Production, operator: Operator) -> None:
    """Two rollbacks set two databases aside: clean drops the older one by its age, and never the newest."""
    operator.fab("rollback", "--to=1.0", "--with-db=latest", *YES).ended(0)
    (oldest,) = sql(broken, OURS, "postgres").split()
    operator.fab("unhold").ended(0)
    name = broken.sh(f"ls {PROJECT}/backups/database | grep -v Z.dump | head -n 1")
    operator.fab("rollback-db", f"--backup={name}", "--yes", "--reason=once more", "--settle=0").ended(0)
    assert len(sql(broken, OURS, "postgres").split()) == 2
    operator.fab("clean").ended(2)
    assert operator.fab("clean", "--older-than=1d", "--yes").ended(0).document["dropped"] == []
    end = operator.fab("clean", "--older-than=0m", "--yes", "--reason=room").ended(0).document
    assert end["dropped"] == [oldest]
    (newest,) = sql(broken, OURS, "postgres").split()
    assert newest != oldest
    back = operator.fab("undo", "--yes", "--reason=it can be undone still").ended(0).document
    assert back["verdict"] == "pass"


def test_a_name_with_quotes_and_capitals(broken: Production, laptop: Callable[..., Operator]) -> None:
    """A database of 63 bytes, with quotes, a blank, a bar and capitals: backed up, brought back, undone."""
    name = """We"ird 'Shop' | $(id)""".ljust(63, "x")
    quoted = '"' + name.replace('"', '""') + '"'
    sql(broken, f"CREATE DATABASE {quoted}", "postgres")
    sql(broken, 'CREATE TABLE "Odd one" (n int); INSERT INTO "Odd one" VALUES (1)', name)
    odd = laptop("odd", f"database: {json.dumps({'service': 'postgres', 'name': name, 'user': 'hummii'})}")
    odd.fab("backup-db", "--reason=before").ended(0)
    sql(broken, 'INSERT INTO "Odd one" VALUES (2)', name)
    words = ("--yes", "--reason=back", "--settle=0", "--despite-schema", "--no-safety-dump")
    end = odd.fab("rollback-db", "--backup=latest", *words).ended(0).document
    assert end["rows_newer"] == 1
    assert sql(broken, 'SELECT count(*) FROM "Odd one"', name) == "1"
    odd.fab("undo", "--yes", "--reason=forth").ended(0)
    assert sql(broken, 'SELECT count(*) FROM "Odd one"', name) == "2"
    assert not broken.holds("[ -e /tmp/P ]")
