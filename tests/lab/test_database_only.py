"""fab database-only: the procedure's page from its top to its end, after the deploy that it was written for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab_database import CONTENT, OURS, order, sql
from lab_operator import Operator, until
from lab_production import Production, say

from lab import stack

pytestmark = pytest.mark.lab

MIGRATION = "20250421090000_order_lines"


@pytest.fixture
def broken(production: Production) -> Iterator[Production]:
    """1.4 over 1.0: its migration dropped a column that orders need, and a customer has met it."""
    stack.reset(production.lab, say=say, ask=lambda _question: True)
    production.deploy("1.4")
    until(lambda: production.serves("1.4"), what="1.4 serves")
    yield production
    stack.reset(production.lab, say=say, ask=lambda _question: True)


def test_a_migration_that_broke_orders_is_found_and_taken_back(broken: Production, operator: Operator) -> None:
    """One command: what broke, the backup and what it loses, the rollback, and production is well again."""
    old_kept = sql(broken, OURS, "postgres")
    assert order(broken) == 500
    before = broken.fingerprint(), sql(broken, CONTENT)
    operator.fab("database-only", "--yes").ended(2)
    operator.fab("database-only").ended(3)
    dry = operator.fab("database-only", "--dry-run").ended(0)
    assert (broken.fingerprint(), sql(broken, CONTENT)) == before
    latest = dry.document["run"]["backup"]
    assert dry.document["run"]["rows_newer"] >= 1  # the customer who could not order
    assert any(latest in line for line in dry.document["stages"][1]["found"])
    assert dry.document["measurements"] == []

    end = operator.fab("database-only", "--yes", "--reason=nobody can order", "--settle=0").ended(0)
    assert broken.serves("1.0")
    assert order(broken) == 201
    broke, backup, rollback, verification = end.document["stages"]
    said = "\n".join(broke["found"])
    assert f"migration {MIGRATION} is applied, and is not in 1.0: it does more than add" in said
    assert "the code goes back as well, to 1.0" in said
    assert "new critical lines in" in said
    assert "quantity" in said
    assert broke["verdict"] == "fail"
    assert latest in backup["found"][0]
    assert latest in rollback["found"][0]
    assert (rollback["verdict"], verification["verdict"]) == ("pass", "pass")
    assert end.document["measurements"]
    (running, *_) = [one for one in operator.fab("releases").ended(0).document["releases"] if one["running"]]
    assert running["goodness"] == "good"
    assert end.document["run"]["old_database"] in sql(broken, OURS, "postgres")
    assert old_kept == ""
    assert 0 < rollback["elapsed_s"] <= verification["elapsed_s"] <= end.document["elapsed_s"] < 1800
    assert MIGRATION in end.stderr  # told as it was found, not only at the end
    operator.fab("undo", "--yes", "--reason=one command back").ended(0)
    until(lambda: broken.serves("1.4"), what="1.4 serves again")
