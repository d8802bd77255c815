"""A run as the views name it, and which run is meant."""

from __future__ import annotations

from typing import Any

from hummii_ops.errors import Refused, UsageError
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.snapshot import Snapshot


def run_json(run: RunFact, *, busy: bool) -> dict[str, Any]:
    """A run for the views: forward and back are `running` while the runner is alive, `interrupted` when it is not."""
    return {
        "run_id": run.run_id,
        "state": shown_state(run, busy=busy),
        "verdict": verdict_of(run, busy=busy),
        "task": run.task,
        "who": run.who,
        "reason": run.reason,
        "from": run.from_release,
        "to": run.to_release,
        "since": run.since.isoformat() if run.since else None,
    }


def shown_state(run: RunFact, *, busy: bool) -> str:
    if run.state in ("forward", "back"):
        return "running" if busy else "interrupted"
    return run.state or "never started"


def verdict_of(run: RunFact, *, busy: bool) -> str:
    state = shown_state(run, busy=busy)
    if state == "done":
        return "degraded" if run.outside not in (None, "go") else "pass"
    return {"restored": "restored", "refused": "refused", "abandoned": "refused", "prepared": "pass"}.get(state, state)


def check_run_id(run: str) -> str:
    """Raises UsageError for what cannot be one: it becomes a name of a folder, here and on the host."""
    if not run or not all(char.isascii() and (char.isalnum() or char == "-") for char in run) or len(run) > 80:
        raise UsageError(f"{run!r:.100} cannot be the id of a run", remedy="see the runs: fab runs")
    return run


def chosen_run(snapshot: Snapshot, run: str | None, *, to_undo: bool = False) -> RunFact:
    """The run that is meant: by its id, else an unfinished one, else the newest that started. Raises Refused.

    `to_undo`: a backup of the database went nowhere, so that there is nothing to take back; it is passed over.
    """
    if run is not None:
        check_run_id(run)
        found = next((one for one in snapshot.runs if one.run_id == run), None)
        if found is None:
            raise Refused(f"{snapshot.host_name}: there is no run {run}", remedy="see the runs: fab runs")
        return found
    newest = snapshot.unfinished_run or (snapshot.last_change if to_undo else snapshot.last_run)
    if newest is None:
        raise Refused(f"{snapshot.host_name}: no run has been there yet", remedy="see what can be done: fab releases")
    return newest
