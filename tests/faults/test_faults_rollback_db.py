"""A rollback of the database, struck: old content under the old code or new under the new, by one command or none."""

from __future__ import annotations

import time

import pytest
from cases import Case
from database import DatabaseStage, named_by
from reach import struck_at

pytestmark = pytest.mark.faults

# Exit codes of whoever watched, by what is served in the end.
MAY_SAY = {"1.0": {0, 6, 7}, "1.4": {0, 3, 5, 6}}


def test_rollback_db_struck(database_case: Case, database_stage: DatabaseStage, table: list[dict[str, object]]) -> None:
    """Struck at this point, what is served is exactly one of two, all names are accounted for, and no lease is left."""
    case, stage, began = database_case, database_stage, time.monotonic()
    row = case.row
    table.append(row | {"ended": "FAILED", "seconds": 0.0})
    try:
        stage.set()
        ended = _strike(case, stage, row)
        table[-1] = row | {"ended": ended}
    finally:
        table[-1]["seconds"] = round(time.monotonic() - began, 1)


def _strike(case: Case, stage: DatabaseStage, row: dict[str, object]) -> str:
    run, at = struck_at(case, stage, row)
    try:
        struck = case.fault.strike(stage, at, run)
    finally:
        if run.process.poll() is None:
            run.kill()
    stage.rest()
    status = stage.status()
    if status["unfinished"] or status["lease"]:  # a lease alone: it was cut as the second run was to begin
        row["by"] = case.by
        named = (f"--run={status['unfinished']}",) if status["unfinished"] else ()
        said = stage.laptop("colleague").fab(case.by, *named, "--yes", "--reason=after a fault")
        assert said.exit_code in ({0, 5} if case.by == "resume" else {0}), said.everything
        stage.rest()
    served = stage.served()
    cut = {3} if case.list == "ready" else set()  # the exchange did not begin, and that was said
    for one in (struck.rollback, struck.second):
        assert one is None or one.exit_code in MAY_SAY[served] | cut, one.everything
    _all_is_accounted_for(stage, served)
    return {"1.0": "new", "1.4": "old"}[served]


def _all_is_accounted_for(stage: DatabaseStage, served: str) -> None:
    status, states = stage.status(), stage.states()
    assert (status["unfinished"], status["lease"]) == (None, None), status
    assert not {"forward", "back", "mixed", "ready"} & set(states.values()), states
    (prepared,) = (run for run in states if "-prepare-db-" in run)
    kept = "prev" if served == "1.0" else "side"  # what was served and taken back is kept as well
    wanted = {named_by(prepared, kept)} if states[prepared] in ("done", "prepared") else set()
    assert stage.beside() == wanted, states
    assert states[prepared] == "done" or served == "1.4", states
    assert stage.production.sh("ls -A /opt/hummii/backups/database").count(".hummii-ops-") == 0
