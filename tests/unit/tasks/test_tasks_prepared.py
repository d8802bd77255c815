"""What going back to a backup would lose, and which databases may be dropped: pure."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta

import pytest

from hummii_ops.errors import UsageError
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.database.read_database import OurDatabase
from hummii_ops.inventory.models import Environment
from hummii_ops.plans.work import Options
from hummii_ops.tasks.database.clean import _age, old_enough
from hummii_ops.tasks.database.fence import lifted_by
from hummii_ops.tasks.database.prepared import loss_of
from hummii_ops.tasks.database.swapping import swap_options

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOTES = {
    "backup": f"name=hummii.dump\npath=/b/hummii.dump\nat={int((NOW - timedelta(minutes=5)).timestamp() * 1000)}\n",
    "rows.expected": '10 public.orders\n3 public."Odd one"\n4 public._prisma_migrations\n7 public.gone\n',
}


def test_the_loss_is_a_window_and_the_rows_that_are_there_more() -> None:
    """Rows by table where they differ; a table that shrank takes nothing off the sum; migrations are no customer's."""
    live = {"public.orders": 15, 'public."Odd one"': 3, "public._prisma_migrations": 5, "public.new": 2}
    loss = loss_of(NOTES, live, NOW)
    assert loss.window_s == 300
    assert loss.tables == {"public.orders": (15, 10), "public.gone": (0, 7), "public.new": (2, 0)}
    assert loss.rows_newer == 7


def test_a_backup_of_an_unknown_time_has_no_window() -> None:
    loss = loss_of(NOTES | {"backup": "name=hummii.dump\npath=/b\nat=\n"}, {}, NOW)
    assert (loss.at, loss.window_s) == (None, None)


def _made(days_ago: int, kind: str = "prev", suffix: str = "0000") -> OurDatabase:
    run = f"{NOW - timedelta(days=days_ago):%Y%m%dT%H%M%SZ}-prepare-db-{suffix}"
    return OurDatabase(
        oid=days_ago, name=f"hummii_ops_{kind}_{days_ago}", size_bytes=1, comment=f"hummii-ops {kind} {run}"
    )


def environment(**changes: object) -> Environment:
    host = {"name": "lab-1", "address": "192.0.2.1", "user": "deploy"}
    return Environment.model_validate({"name": "lab", "hosts": [host]} | changes)


def _run(one: OurDatabase, state: str) -> RunFact:
    return RunFact(
        run_id=one.run_id,
        task="prepare-db",
        who="ops@laptop",
        reason="",
        since=NOW,
        from_release="",
        to_release="",
        from_identity="",
        to_identity="",
        state=state,
        state_at=NOW,
        outside=None,
    )


def test_what_is_old_goes_but_never_the_newest_nor_what_is_in_use() -> None:
    """By the time in the run's id; the newest that was served before stays, and what waits for a word."""
    ours = [_made(40), _made(20), _made(30), _made(50, "side"), _made(60, "side", "1111")]
    runs = [_run(ours[0], "done"), _run(ours[1], "done"), _run(ours[3], "prepared"), _run(ours[4], "done")]
    dropped = old_enough(ours, runs, NOW - timedelta(days=25))
    assert [one.oid for one in dropped] == [40, 30, 60]
    assert old_enough([_made(400)], [], NOW) == []
    assert old_enough([], [], NOW) == []


def test_what_an_undo_of_an_undo_needs_stays() -> None:
    """After an undo the restored database is the one set aside: it stays, though it has a restored one's name."""
    restored, older, oldest = _made(30, "side"), _made(40), _made(50)
    runs = [_run(one, "done") for one in (restored, older, oldest)]
    assert old_enough([restored, older, oldest], runs, NOW) == [oldest]
    assert old_enough([restored], [_run(restored, "abandoned")], NOW) == [restored]


def test_what_was_asked_for_is_remembered() -> None:
    """A resume of what was prepared settles and waits as long as the call that prepared it said."""
    told = swap_options("settle=0\nhealth_timeout=8\n")
    assert (told.settle_s, told.health_timeout_s) == (0, 8)
    assert swap_options("") == Options()


def test_the_fence_is_lifted_by_one_command() -> None:
    """The name is quoted for SQL and for sh; what was stopped is started."""
    said = lifted_by(
        environment(database={"service": "pg", "name": "We\"ird's", "user": "u", "writers": ["api", "jobs"]})
    )
    lift, start = said.split(" && ")
    assert shlex.split(lift)[-1] == 'ALTER DATABASE "We""ird\'s" ALLOW_CONNECTIONS true'
    assert shlex.split(start)[-3:] == ["start", "api", "jobs"]


def test_an_age_is_a_number_and_a_unit() -> None:
    assert _age("30d") == timedelta(days=30)
    assert _age("12h") == timedelta(hours=12)
    for text in ("", "30", "d", "-1d", "1y", "1.5d", "٣d", "1d;"):
        with pytest.raises(UsageError):
            _age(text)
