"""What a rollback of the database refuses before anything stops, and the server's own door to it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_database import CONTENT, OURS, sql
from lab_operator import Operator, until
from lab_production import PROJECT, RUNS, Production, say

from lab import container, stack

pytestmark = pytest.mark.lab

CORPUS = Path(__file__).with_name("backup-corpus.sh")
FOLDER = f"{PROJECT}/backups/database"
DUMP = 'docker exec "$(docker ps -q --filter label=com.docker.compose.service=postgres)" pg_dump -U hummii'
YES = ("--yes", "--reason=it was damaged", "--settle=0")


@pytest.fixture(scope="module")
def shop(production: Production) -> Iterator[Production]:
    """Production with 1.0, objects of many kinds, and an empty folder of backups."""
    stack.reset(production.lab, say=say, ask=lambda _question: True)
    sql(production, MANY_KINDS)
    production.sh(f"mkdir -p {FOLDER}", user="deploy")
    yield production
    stack.reset(production.lab, say=say, ask=lambda _question: True)


MANY_KINDS = """
CREATE EXTENSION pg_trgm;
CREATE TABLE parts (id int PRIMARY KEY, n int UNIQUE CHECK (n > 0), at date);
CREATE INDEX parts_at ON parts (at);
CREATE TABLE logs (id int, day date, PRIMARY KEY (id, day), part int REFERENCES parts) PARTITION BY RANGE (day);
CREATE TABLE logs_a PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE logs_b PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX logs_part ON logs (part);
CREATE TYPE span AS RANGE (subtype = int);
CREATE FUNCTION noted() RETURNS trigger AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE PROCEDURE nothing() AS $$ BEGIN END $$ LANGUAGE plpgsql;
CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int);
CREATE TRIGGER noting BEFORE INSERT ON logs FOR EACH ROW EXECUTE FUNCTION noted();
ALTER TABLE logs_a DISABLE TRIGGER noting;
CREATE VIEW many AS SELECT count(*) FROM parts;
CREATE MATERIALIZED VIEW most AS SELECT max(n) FROM parts;
CREATE UNIQUE INDEX most_once ON most (max);
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON parts USING (n > 1);
CREATE SCHEMA "Odd one";
CREATE TABLE "Odd one"."it's, %d" (n serial, g int GENERATED ALWAYS AS IDENTITY (INCREMENT -1),
                                       EXCLUDE USING gist (int4range(n, n + 1) WITH &&));
INSERT INTO "Odd one"."it's, %d" VALUES (DEFAULT), (DEFAULT);
"""


def test_what_the_restore_lost_in_silence_is_refused(shop: Production, operator: Operator) -> None:
    """One entry of the table of contents never came: 3 before anything stops; whole, the same dump passes."""
    shop.sh(f"cd {FOLDER} && {DUMP} -Fc hummii >whole.dump", user="deploy")
    before = sql(shop, CONTENT), shop.containers()
    operator.fab("check-backup", "--backup=whole.dump", "--restore").ended(0)
    lost = {
        "index": "s/CREATE INDEX parts_at /--EATE INDEX parts_at /",
        "policy": "s/CREATE POLICY own /--EATE POLICY own /",
        "sequence": "s/SELECT pg_catalog.setval('public.users_id/--LECT pg_catalog.setval('public.users_id/",
    }
    for name, edit in lost.items():
        shop.sh(f'cd {FOLDER} && LC_ALL=C sed "$1" whole.dump >"$2".dump && ! cmp -s whole.dump "$2".dump', edit, name)
    refused = operator.fab("rollback-db", "--backup=index.dump", "--no-safety-dump", *YES).ended(3)
    assert "the backup's table of contents has 7 INDEX" in refused.everything, refused.everything
    policy = operator.fab("check-backup", "--backup=policy.dump", "--restore").ended(3).document["backups"][0]
    assert "1 POLICY" in policy["reasons"][0]
    sequence = operator.fab("check-backup", "--backup=sequence.dump").ended(3).document["backups"][0]
    assert "are really set" in sequence["reasons"][0]
    assert (sql(shop, CONTENT), shop.containers(), sql(shop, OURS, "postgres")) == (*before, "")


def test_a_sequence_that_was_behind_is_said(shop: Production, operator: Operator) -> None:
    """The backup is true to what was there: it is served as it is, and the end says which sequence is behind."""
    sql(shop, """SELECT setval('"Odd one"."it''s, %d_n_seq"', 1, true)""")
    shop.sh(f"cd {FOLDER} && {DUMP} -Fc hummii >behind.dump", user="deploy")
    end = operator.fab("rollback-db", "--backup=behind.dump", "--no-safety-dump", *YES).ended(0).document
    assert end["doubts"] == [
        """"Odd one"."it's, %d_n_seq" is behind "Odd one"."it's, %d".n: its next value is 2, and there is 2 already"""
    ]
    operator.fab("undo", "--yes", "--reason=enough").ended(0)


QUICK = "health: {path: /api/health, inside: 'http://127.0.0.1/api/health', settle_s: 1}"
DATABASE = (
    "database: {service: postgres, name: hummii, user: hummii, cache: {service: redis, prefixes: ['a b:', 'c:']}}"
)


def by_hand(production: Production, *words: str) -> tuple[int, str]:
    """The script as a person on the server calls it: its code, and all that it said."""
    line = " ".join(shlex.quote(word) for word in words)
    script = f"cd {PROJECT} && ./scripts/backup/restore-database.sh {line} 2>&1"
    call = ["docker", "exec", "-i", "-u", "deploy", production.name, "sh", "-c", script]
    found = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
    return found.returncode, found.stdout


def words_of(plan: dict[str, object]) -> str:
    """The steps of a plan, a line each, without titles and without what is of one moment: run ids, times, sizes."""
    lines = [
        f"{name} {one['id']} {one['limit_s']} {one['effect']} {one['holds']} {one['act']}"
        for name in ("forward", "back", "tidy")
        for one in plan.get(name, [])  # type: ignore[attr-defined]
        if one["id"] != "confirmed-outside"
    ]
    text = "\n".join([*lines, json.dumps(plan.get("swap"), sort_keys=True)])
    return re.sub(r"\d{8}T\d{6}Z-([a-z-]+)-[0-9a-f]{4}|\d{8}_\d{6}Z|'\d{8,12}'", r"RUN-\1", text)


def test_the_same_by_hand_without_a_laptop(shop: Production, laptop: Callable[..., Operator]) -> None:
    """Without --force nothing changes (2); with it, step for step what the laptop does; the laptop undoes it."""
    operator = laptop("door", f"{QUICK}\n{DATABASE}")
    operator.fab("install-host", "--yes").ended(0)
    shop.sh(f"cd {FOLDER} && {DUMP} -Fc hummii >door.dump", user="deploy")
    sql(shop, "INSERT INTO messages (user_id, text) SELECT 1, 'since' FROM generate_series(1, 7)")
    wanted = operator.fab("rollback-db", "--backup=door.dump", "--dry-run").ended(0).document["plans"]
    new, properties, runs = sql(shop, CONTENT), shop.containers(), shop.run_ids()

    code, said = by_hand(shop, "door.dump")
    assert (code, "public.messages: " in said, shop.run_ids()) == (2, True, runs), said
    assert (sql(shop, CONTENT), shop.containers()) == (new, properties)

    code, said = by_hand(shop, f"{FOLDER}/door.dump", "--force", "--reason=by hand; $(id)")
    assert code == 0, said
    prepared, exchanged = (f"{RUNS}/{run}" for run in shop.run_ids()[len(runs) :])
    assert words_of(json.loads(shop.sh(f"cat {prepared}/plan.json"))) == words_of(wanted[0])
    assert words_of(json.loads(shop.sh(f"cat {exchanged}/plan.json"))) == words_of(wanted[1])
    assert sql(shop, "SELECT count(*) FROM messages WHERE text = 'since'") == "0"
    status = operator.fab("status").ended(0).document
    assert (status["last_run"]["task"], status["last_run"]["reason"]) == ("rollback-db", "by hand; $(id)")
    operator.fab("attach").ended(0)
    assert operator.at_terminal("undo", asked="Type the name of the database", typed="y")[0] == 9
    assert sql(shop, CONTENT) != new
    assert operator.at_terminal("undo", asked="Type the name of the database", typed="hummii")[0] == 0
    assert sql(shop, CONTENT) == new


def test_a_fence_that_was_left_is_lifted_by_one_command(shop: Production, operator: Operator) -> None:
    """Cut in the exchange and given up: unlock says the command, and so does who is refused for it; it serves again."""
    shop.sh(f"cd {FOLDER} && {DUMP} -Fc hummii >cut.dump", user="deploy")
    runs, content = len(shop.run_ids()), sql(shop, CONTENT)
    working = operator.start("rollback-db", "--backup=cut.dump", "--no-safety-dump", *YES)
    # its runner is the one that prepared, and has gone on
    run = shop.await_event("start", "stop-writers", after=runs + 1, then='kill -9 $(pgrep -f "^sh lib/runner.sh")')
    working.end()
    shop.await_end(run)
    sql(shop, "ALTER DATABASE hummii ALLOW_CONNECTIONS false", "postgres")
    (freed,) = operator.fab("unlock", f"--abandon={run}", "--yes", "--reason=nobody can").ended(0).document["freed"]
    refused = operator.fab("rollback-db", "--backup=cut.dump", *YES).ended(3).document
    assert freed["fence"] in refused["remedy"]
    shop.sh(f"cd / && {freed['fence']}", user="deploy")
    until(lambda: shop.serves("1.0"), what="1.0 serves again")
    assert sql(shop, CONTENT) == content


def test_no_bad_backup_gets_in(shop: Production, operator: Operator) -> None:
    """Every file of the corpus, by a laptop and by hand: 3, the same content served, nothing stopped, no run begun.

    `latest` takes the first that is not refused: 3 means that all of them were.
    """
    operator.fab("install-host", "--yes").ended(0)
    # rows enough that a flipped bit hits them: definitions stand uncompressed, and only a checksum proves those
    sql(shop, "INSERT INTO messages (user_id, text) SELECT 1, md5(n::text) FROM generate_series(1, 3000) AS n")
    container.inside(shop.name, "sh", "-s", user="deploy", stdin=CORPUS.read_text(), limit_s=240)
    shop.sh(
        f"""rm -rf {FOLDER}/*; cd /tmp/corpus/bad
        for file in *; do cp -a "$file" "{FOLDER}/20260101_000000-$file"; done""",
        user="deploy",
    )
    bad = [name for name in shop.sh("ls /tmp/corpus/bad").splitlines() if not name.endswith(".sha256")]
    assert len(bad) >= 41
    before = sql(shop, CONTENT), shop.containers(), shop.run_ids(), sql(shop, OURS, "postgres")

    refused = operator.fab("rollback-db", "--backup=latest", *YES, limit_s=500).ended(3).document["error"]
    assert "no backup can be used" in refused
    for name in ("cut-at-20-kB.dump", "connects.sql", "one-table.dump", "flipped-plain.sql.gz"):
        operator.fab("rollback-db", f"--backup=20260101_000000-{name}", *YES).ended(3)
    shop.sh(f"cp -a /tmp/corpus/good/plain.sql {FOLDER}", user="deploy")
    operator.fab("rollback-db", "--backup=plain.sql", "--require-checksum", *YES).ended(3)
    by_door = shop.sh(
        f"""cd {PROJECT}; for file in {FOLDER}/2026*; do
            case $file in *.sha256) continue ;; esac
            code=0; ./scripts/backup/restore-database.sh "${{file##*/}}" --force >/tmp/said 2>&1 || code=$?
            [ "$code" = 3 ] || {{ echo "$code $file"; tail -n 3 /tmp/said; }}
        done""",
        user="deploy",
        limit_s=300,
    )
    assert by_door == ""
    assert (sql(shop, CONTENT), shop.containers(), shop.run_ids(), sql(shop, OURS, "postgres")) == before
    assert not shop.holds(f"test -e /tmp/P || test -e {PROJECT}/.hummii-ops/lease")
