"""How a run ended, in the words that people are told. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hummii_ops.errors import ExitCode
from hummii_ops.run.outcome import Outcome

if TYPE_CHECKING:
    from hummii_ops.telling.outbox import NoteKind

# Kinds after which nothing more of a run is to be expected.
OVER = frozenset({"succeeded", "prepared", "restored", "failed", "announced", "monitoring-ok", "regressed"})
_KINDS: dict[ExitCode, NoteKind] = {
    ExitCode.DONE: "succeeded",
    ExitCode.DEGRADED: "verifying",
    ExitCode.RESTORED: "restored",
    ExitCode.REFUSED: "failed",
    ExitCode.MIXED: "needs-person",
}
_RESULTS = {
    ExitCode.DONE: "Proven by image ids and health.",
    ExitCode.DEGRADED: "It runs and is proven from inside, but not confirmed from outside.",
    ExitCode.RESTORED: "It did not hold, and went back by itself.",
    ExitCode.REFUSED: "Nothing was changed.",
    ExitCode.MIXED: "The stack is in a mixed state.",
}
_NEXT = {
    ExitCode.DONE: "To take it back: fab undo --run={run}",
    ExitCode.DEGRADED: "Next: fab verify",
    ExitCode.RESTORED: "Why: fab evidence --run={run}",
    ExitCode.REFUSED: "Next: fab status",
    ExitCode.MIXED: "Next: fab status, then fab resume --run={run} or fab undo --run={run}",
}


def ending(code: ExitCode, outcomes: Sequence[Outcome], run_id: str) -> tuple[NoteKind, dict[str, str]]:
    """What kind of end it is, and the facts of it."""
    seconds = [one.outage_s for one in outcomes if one.outage_s is not None]
    outage = f"{max(seconds):.1f} s" if seconds else "not known"
    if outcomes and all(one.state == "prepared" for one in outcomes):
        return "prepared", {"result": "It waits for a word.", "next": f"Next: fab resume --run={run_id}"}
    if code is ExitCode.DONE and outcomes and all(one.state != "done" for one in outcomes):
        result = "It was cancelled." if any(one.cancelled for one in outcomes) else _RESULTS[ExitCode.RESTORED]
        return "restored", {"result": result, "next": "Next: fab status", "outage": outage}
    return _KINDS.get(code, "failed"), {
        "result": _RESULTS.get(code, ""),
        "next": _NEXT.get(code, "").format(run=run_id),
        "outage": outage,
    }


def held(outcome: Outcome) -> Iterator[str]:
    """That no deploy can begin now: nobody should find that out by a deploy that is refused."""
    step = next((one for one in outcome.steps if one.id == "hold-deploys"), None)
    if outcome.state != "done" or step is None:
        return
    if step.outcome == "done":
        yield "deploys are held from now on, until someone lifts it, when the mended version is there: fab unhold"
    elif step.outcome == "skipped":  # somebody's own hold, which may have an end
        yield "deploys stay held, as before: until when, says fab status; to lift it: fab unhold"
