"""What a run came to: a fold over its plan, its journal and what it left in its folder. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from hummii_ops.errors import ExitCode
from hummii_ops.events import Event
from hummii_ops.plans.plan import Plan
from hummii_ops.run.outage import outage
from hummii_ops.steps.gates import TURN

StepOutcome = Literal["done", "skipped", "failed", "open", "not reached"]

_UNFINISHED = frozenset({"forward", "back", "ready", "unknown", ""})


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """One step of the plan and what became of it. `elapsed_s` None: it was not begun."""

    id: str
    title: str
    list: str
    host: str
    outcome: StepOutcome
    reason: str | None
    started_at: datetime | None
    elapsed_s: float | None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "list": self.list,
            "host": self.host,
            "outcome": self.outcome,
            "reason": self.reason,
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "elapsed_s": self.elapsed_s,
        }


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of a run on one host. `state` is the run's last word; `outside` the gate's answer, if it was given.

    `journal_sha256` is that of the whole journal; None if it did not come home.
    """

    run_id: str
    host: str
    state: str
    steps: tuple[StepResult, ...]
    outside: str | None
    by_default: bool
    cancelled: bool
    outage_s: float | None
    outage_reason: str | None
    began_at: datetime | None
    ended_at: datetime | None
    gated: bool = False
    changed: bool = False
    taken_back_by: str | None = None
    journal_sha256: str | None = None

    @property
    def failed_step(self) -> StepResult | None:
        """The step that decided the run's fate."""
        return next((s for s in self.steps if s.outcome == "failed"), None)

    @property
    def exit_code(self) -> ExitCode:
        """As the table of exit codes has it, for the one who asked for this run to go forward."""
        if self.state == "done":
            records_failed = self.failed_step is not None
            unconfirmed = self.outside != "go" and (self.gated or self.outside is not None)
            return ExitCode.DEGRADED if records_failed or unconfirmed else ExitCode.DONE
        if self.state == "prepared":
            return ExitCode.DONE
        if self.state == "abandoned" and self.changed and not self.cancelled:
            return ExitCode.MIXED  # given up as it stood: nobody proved anything
        if self.state == "restored":
            return ExitCode.RESTORED
        # ready: its runner went away before the first step
        return ExitCode.REFUSED if self.state in ("refused", "abandoned", "ready") else ExitCode.MIXED

    @property
    def only_waited(self) -> bool:
        """Did it wait for its turn, until it was told to stop or nobody led it any more? Then nothing was changed."""
        return self.state == "refused" and self.failed_step is not None and self.failed_step.id == TURN

    @property
    def is_unfinished(self) -> bool:
        """Interrupted: the runner is gone and has not ended."""
        return self.state in _UNFINISHED or self.state == "mixed"


def of(plan: Plan, run_id: str, state: str, events: Sequence[Event], left: Mapping[str, str], log: bytes) -> Outcome:
    """Fold. `left` are texts of the run's folder by name (gates/outside, evidence/probe.txt); `log` its output."""
    by_step = _by_step(events)
    went_back = any(event.kind == "back" for event in events)
    lists = (("forward", plan.forward), ("back", plan.back if went_back else ()), ("tidy", plan.tidy))
    results = [
        _result(step.id, step.title, name, plan.host, by_step.get((name, step.id), []), log)
        for name, steps in lists
        for step in steps
    ]
    answer = left.get("gates/outside", "").split()
    began = next((e.at for e in events if e.kind == "begin"), None)
    ended = events[-1].at if events else None
    seconds, why = _outage(plan, events, left.get("evidence/probe.txt", ""))
    return Outcome(
        run_id=run_id,
        host=plan.host,
        state=state,
        steps=tuple(results),
        outside=answer[0] if answer else None,
        by_default="default" in answer[1:],
        cancelled=any(event.kind == "cancelled" for event in events),
        outage_s=seconds,
        outage_reason=why,
        began_at=began,
        ended_at=ended,
        gated=any(step.id == "confirmed-outside" for step in plan.forward),
        changed=_first_change(plan, events) is not None,
    )


def _first_change(plan: Plan, events: Sequence[Event]) -> datetime | None:
    """When the first act that changes the stack began."""
    changing = {step.id for step in plan.forward if step.effect in ("changes", "replaces")}
    return next((e.at for e in events if e.kind == "start" and e.step in changing), None)


def _by_step(events: Sequence[Event]) -> Mapping[tuple[str, str], list[Event]]:
    """Gone through once: a long run has thousands of steps and of events."""
    found: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        found.setdefault((event.list, event.step), []).append(event)
    return found


def _result(step_id: str, title: str, list_: str, host: str, mine: Sequence[Event], log: bytes) -> StepResult:
    last = mine[-1] if mine else None
    started = next((e for e in reversed(mine) if e.kind == "start"), None)
    outcome: StepOutcome = "not reached"
    reason: str | None = None
    elapsed: float | None = None
    if last is not None:
        if last.kind == "skipped":
            outcome, reason = "skipped", "it was already so"
        elif last.kind in ("done", "failed"):
            outcome = "done" if last.kind == "done" else "failed"
            reason = _said(log, started, last) if last.kind == "failed" else None
        else:
            outcome = "open"
        if started is not None:
            elapsed = round((last.at - started.at).total_seconds(), 3)
    return StepResult(
        id=step_id,
        title=title,
        list=list_,
        host=host,
        outcome=outcome,
        reason=reason,
        started_at=started.at if started else (last.at if last else None),
        elapsed_s=elapsed if elapsed is not None else (0.0 if last else None),
    )


def _said(log: bytes, started: Event | None, ended: Event) -> str:
    """The last lines of output.log between two events: what the verb itself said."""
    start = (started.log_offset if started else None) or 0
    said = log[start : ended.log_offset].decode(errors="replace").strip().splitlines()
    return " / ".join(line.strip() for line in said[-3:]) or f"exit code {ended.code}"


def _outage(plan: Plan, events: Sequence[Event], probes: str) -> tuple[float | None, str | None]:
    first = _first_change(plan, events)
    if first is None:
        return 0.0, "nothing was changed"
    if plan.probe_url is None:
        return None, "the inventory names no health URL to ask on the host"
    return outage(probes, since=first, until=events[-1].at)
