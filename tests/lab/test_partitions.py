"""A backup of partitions that was loaded by way of the table at their top, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab_database import sql
from lab_operator import Operator
from lab_production import PROJECT, Production, say

from lab import stack

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


@pytest.fixture
def new(production: Production) -> Iterator[Production]:
    """1.0 and its seed data, and so again afterwards: no migration of an earlier test, no table of this one."""
    stack.reset(production.lab, say=say, ask=lambda _question: True)
    yield production
    stack.reset(production.lab, say=say, ask=lambda _question: True)


def test_partitions_by_way_of_their_top(new: Production, operator: Operator) -> None:
    """They are restored and proven by their sum; one row fewer is refused; the loss is counted under one name."""
    new.sh(f"mkdir -p {FOLDER}", user="deploy")
    sql(new, EVENTS)
    then = sql(new, ALL)
    new.sh(f"{DUMP} -Fc hummii >{FOLDER}/rooted.dump", user="deploy")
    new.sh(f"{DUMP} hummii >{FOLDER}/rooted.sql", user="deploy")
    sql(new, "INSERT INTO events SELECT n, 'sold' FROM generate_series(91, 100) AS n")
    operator.fab("check-backup", "--backup=rooted.sql", "--restore").ended(0)

    lost = "/^-- PostgreSQL database dump complete/i DELETE FROM public.events WHERE id = 3;"
    new.sh(f'sed "$1" {FOLDER}/rooted.sql >{FOLDER}/lossy.sql', lost, user="deploy")
    said = operator.fab("check-backup", "--backup=lossy.sql", "--restore").ended(3)
    assert "90 public.events" in said.everything

    words = ("--yes", "--reason=partitions", "--settle=0")
    done = operator.fab("rollback-db", "--backup=rooted.dump", *words).ended(0).document
    assert done["rows_newer"] == 10
    assert sql(new, ALL) == then
