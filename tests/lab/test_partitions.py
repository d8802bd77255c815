"""A backup of partitions that was loaded by way of the table at their top, on a real PostgreSQL."""

from __future__ import annotations

import pytest
from lab_database import sql
from lab_operator import Operator
from lab_production import PROJECT, Production

pytestmark = pytest.mark.lab

FOLDER = f"{PROJECT}/backups/database"
# PostgreSQL 16 dumps these so by itself: elsewhere the values of the enum fall into other partitions.
EVENTS = """
CREATE TYPE kind AS ENUM ('seen', 'sold', 'sent');
CREATE TABLE events (id integer, kind kind) PARTITION BY HASH (kind);
CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO events SELECT n, (ENUM_RANGE(NULL::kind))[1 + n % 3] FROM generate_series(1, 90) AS n;
"""
ALL = "SELECT count(*), sum(id), string_agg(kind::text, ',' ORDER BY id) FROM events"
DUMP = "docker exec hummii-postgres-1 pg_dump -U hummii --load-via-partition-root"


def test_partitions_by_way_of_their_top(fresh: Production, operator: Operator) -> None:
    """They are restored and proven by their sum; one row fewer is refused; the loss is counted under one name."""
    fresh.sh(f"mkdir -p {FOLDER}", user="deploy")
    sql(fresh, EVENTS)
    then = sql(fresh, ALL)
    fresh.sh(f"{DUMP} -Fc hummii >{FOLDER}/rooted.dump", user="deploy")
    fresh.sh(f"{DUMP} hummii >{FOLDER}/rooted.sql", user="deploy")
    sql(fresh, "INSERT INTO events SELECT n, 'sold' FROM generate_series(91, 100) AS n")
    operator.fab("check-backup", "--backup=rooted.sql", "--restore").ended(0)

    lost = "/^-- PostgreSQL database dump complete/i DELETE FROM public.events WHERE id = 3;"
    fresh.sh(f'sed "$1" {FOLDER}/rooted.sql >{FOLDER}/lossy.sql', lost, user="deploy")
    said = operator.fab("check-backup", "--backup=lossy.sql", "--restore").ended(3)
    assert "90 public.events" in said.everything

    words = ("--yes", "--reason=partitions", "--settle=0")
    done = operator.fab("rollback-db", "--backup=rooted.dump", *words).ended(0).document
    assert done["rows_newer"] == 10
    assert sql(fresh, ALL) == then
