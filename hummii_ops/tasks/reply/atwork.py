"""Where a run at work stands: the step that it is at, since when, and whether it waits for an answer from outside.

Pure: it tells what the journal said when the host was read, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hummii_ops.facts.amounts import age
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.run import journal
from hummii_ops.steps.gates import TURN


@dataclass(frozen=True, kw_only=True)
class StepNow:
    """The step that was begun and has not ended. `answer_by`: it waits for an answer, until then at the latest."""

    id: str
    list: str
    since: datetime
    answer_by: datetime | None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "list": self.list,
            "since": self.since.isoformat(),
            "answer_by": self.answer_by.isoformat() if self.answer_by else None,
        }

    def words(self, now: datetime) -> str:
        """As an operator is told; `now` by the host's clock."""
        if self.answer_by is not None and now < self.answer_by:
            left_s = int((self.answer_by - now).total_seconds()) + 1
            return f"waits for someone to confirm from outside, at most {left_s} s more; then it keeps what holds"
        if self.id == TURN:
            waits = f"waits for its turn for {age(self.since, now)}; nothing is changed here"
            return f"{waits}, and when nobody leads the run any more it stops by itself"
        way = "on the way back, " if self.list == "back" else ""
        return f"{way}at {self.id} for {age(self.since, now)}"


def step_now(snapshot: Snapshot) -> StepNow | None:
    """The step at which the run that has the lease is, or was when its runner went away; None between two steps."""
    if snapshot.lease is None:
        return None
    now = None
    for event in journal.parse(snapshot.journal, run_id=snapshot.lease.run, host=snapshot.host_name):
        if event.step and event.kind == "start":
            now = event
        elif event.kind != "again":
            now = None
    if now is None:
        return None
    asks = now.step == "confirmed-outside" and snapshot.gate_s is not None
    answer_by = now.at + timedelta(seconds=snapshot.gate_s or 0) if asks else None
    return StepNow(id=now.step, list=now.list, since=now.at, answer_by=answer_by)


def standing(run: RunFact, snapshot: Snapshot | None, *, back: str = "") -> Iterator[str]:
    """Where a run stands that someone takes up; `back`: the task that will ask it to go back, and when that begins.

    `snapshot` None: the run has ended, and there is nothing to say.
    """
    if snapshot is None:
        return
    step = step_now(snapshot) if snapshot.busy else None
    if step is not None:
        yield step.words(snapshot.read_at)
    if back:
        when = "takes effect when the step at work has ended" if snapshot.busy else "begins at once: nothing runs there"
        yield f"{back} {when}; its end is shown here, and by fab attach --run={run.run_id}"
