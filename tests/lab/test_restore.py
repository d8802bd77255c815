"""What a rollback of the database refuses before anything stops, and the server's own door to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab_database import CONTENT, OURS, sql
from lab_operator import Operator
from lab_production import PROJECT, Production, say

from lab import stack

pytestmark = pytest.mark.lab

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
CREATE EXTENSION pgcrypto;
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
