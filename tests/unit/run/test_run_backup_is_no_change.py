"""A backup of the database goes nowhere: never taken for the last rollback, and never what an undo means."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from facts_stacks import NOW, snapshot

from hummii_ops.errors import Refused
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.restore_points.choose import rolled_back_by
from hummii_ops.tasks.reply.runview import chosen_run


def ran(task: str, at: datetime, *, to: str, state: str = "done") -> RunFact:
    return RunFact(
        run_id=f"{at:%Y%m%dT%H%M%SZ}-{task}-0000",
        task=task,
        who="you@laptop",
        reason="",
        since=at,
        from_release="1.1",
        to_release=to,
        from_identity="",
        to_identity="",
        state=state,
        state_at=at,
        outside=None,
    )


ROLLBACK = ran("rollback", NOW - timedelta(hours=2), to="1.0")
BACKUP = ran("backup-db", NOW - timedelta(hours=1), to="")


def test_an_undo_passes_over_a_backup() -> None:
    """Without --run it means the newest run that had a target; attach still means the newest of all."""
    seen = snapshot(runs=(BACKUP, ROLLBACK))
    assert chosen_run(seen, None, to_undo=True) is ROLLBACK
    assert chosen_run(seen, None) is BACKUP
    assert seen.last_change is ROLLBACK


def test_an_undo_after_a_backup_alone_has_nothing_to_take_back() -> None:
    """It says so, and does not undo the backup."""
    with pytest.raises(Refused):
        chosen_run(snapshot(runs=(BACKUP,)), None, to_undo=True)


def test_an_interrupted_backup_comes_first() -> None:
    """An unfinished run stands in everyone's way: undo means that one."""
    cut = ran("backup-db", NOW, to="", state="forward")
    assert chosen_run(snapshot(runs=(cut, ROLLBACK)), None, to_undo=True) is cut


def test_a_second_latest_is_still_refused_after_a_backup() -> None:
    """A backup in between does not hide that what runs was rolled back to."""
    assert rolled_back_by(snapshot(runs=(BACKUP, ROLLBACK))) is ROLLBACK
