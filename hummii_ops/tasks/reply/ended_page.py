"""The end of a run on one host, as a page for people."""

from __future__ import annotations

from rich.console import Console

from hummii_ops.errors import ExitCode
from hummii_ops.plans.plan import Plan
from hummii_ops.run.outcome import Outcome
from hummii_ops.tasks.reply.endings import held
from hummii_ops.transport import printable

_PREPARED = {
    "prepared": "the backup is restored and proven beside; the present database goes on being served",
    "done": "the backup was restored and proven beside, and a later run has served it",
}


def show(console: Console, plan: Plan, outcome: Outcome, code: ExitCode, verdict: str) -> None:
    """A sentence, the outage, what stays held, and what comes next."""
    sentence = _sentence(plan, outcome, code)
    style = {ExitCode.DONE: "bold green", ExitCode.DEGRADED: "bold yellow"}.get(code, "bold red")
    style = "bold red" if outcome.state == "done" and outcome.taken_back_by else style
    console.print(f"{plan.host}: ", end="", markup=False)
    console.print(sentence, style=style, markup=False)
    if outcome.failed_step is not None:
        failed = outcome.failed_step
        console.print(f"  {failed.id} failed: {printable(failed.reason or '')}", markup=False)
    console.print(f"  {verdict} ({int(code)}){_elapsed(outcome)}", markup=False)
    console.print(printable(f"  outage: {_outage(outcome)}"), markup=False, soft_wrap=not console.is_terminal)
    if outcome.journal_sha256:
        console.print(f"  journal: sha256 {outcome.journal_sha256}", style="dim", markup=False)
    for line in held(outcome):
        console.print(f"  {line}", markup=False)
    for line in _next(plan, outcome, code):
        console.print(f"  next: {line}", markup=False)


def _elapsed(outcome: Outcome) -> str:
    if outcome.began_at is None or outcome.ended_at is None:
        return ""
    return f", after {(outcome.ended_at - outcome.began_at).total_seconds():.1f} s on the host"


def _outage(outcome: Outcome) -> str:
    if outcome.outage_s is None:
        return f"not known: {outcome.outage_reason}"
    if outcome.outage_reason is not None:  # nothing was changed
        return f"none: {outcome.outage_reason}"
    return (
        f"for {outcome.outage_s:.1f} s after the first change the health URL gave no good answer (asked on the server)"
    )


def _sentence(plan: Plan, outcome: Outcome, code: ExitCode) -> str:
    if plan.task == "backup-db" and outcome.state == "done":
        return "the database is backed up: decoded to its last byte, with checksum and manifest"
    if plan.task == "prepare-db" and outcome.state in _PREPARED:
        return _PREPARED[outcome.state]
    to, was = plan.target.label, plan.left.label
    if outcome.state == "done" and outcome.taken_back_by:
        return f"another host failed, but {to} still runs here: it could not be taken back"
    if code is ExitCode.DONE and outcome.state == "done":
        return (
            f"{to} runs, proven by image ids and health"
            if plan.task == "rollback"
            else f"{to} is back, proven by image ids"
        )
    if code is ExitCode.DONE:
        return f"taken back: {was} as before" if outcome.state == "restored" else "ended; nothing was changed"
    if code is ExitCode.DEGRADED:
        return (
            f"{to} runs and is proven from inside, but not confirmed from outside"
            if outcome.outside != "go"
            else (f"{to} runs, but a note could not be written")
        )
    if code is ExitCode.RESTORED:
        why = "cancelled" if outcome.cancelled else f"{to} did not hold"
        why = "another host failed" if outcome.taken_back_by else why
        return f"{why}; the previous state ({was}) is back and proven: files, image ids, what runs"
    if outcome.state == "ready":
        return "interrupted on the host before its first step; nothing was changed"
    if code is ExitCode.REFUSED and outcome.only_waited:
        return "its turn did not come; nothing was changed"
    if code is ExitCode.REFUSED:
        return "refused on the host; nothing was changed"
    if outcome.state == "mixed":
        return "the way back failed as well: the stack is in a mixed state, and a person is needed"
    if outcome.state == "abandoned":
        return "given up as it stood, after it had begun to change things: what runs is not proven"
    return f"interrupted on the host while going {outcome.state}; nothing runs there now"


def _next(plan: Plan, outcome: Outcome, code: ExitCode) -> list[str]:
    run = f"--run={outcome.run_id}"
    if plan.task == "backup-db" and outcome.state == "done":
        return ["fab backups-db"]
    if outcome.state == "prepared":
        return [f"fab resume {run} serves it", f"fab cancel {run} drops it"]
    if code is ExitCode.MIXED and outcome.state == "abandoned":
        return ["fab status; then: fab rollback --latest, or --to=…", f"what it had done: fab evidence {run}"]
    if code is ExitCode.MIXED:
        run = f"--run={outcome.taken_back_by or outcome.run_id}"  # the run that did not end
        return [f"fab resume {run}", f"fab undo {run}", f"what is where: fab status; fab evidence {run}"]
    if code is ExitCode.RESTORED:
        return [f"why: fab evidence {run}; another release: fab releases"]
    if outcome.state == "ready":
        return [f"fab resume {run}", f"fab cancel {run}"]
    if code is ExitCode.REFUSED and outcome.only_waited:
        return [f"fab status; when the other hosts are well, the same again with --limit={outcome.host}"]
    if code is ExitCode.REFUSED:
        return ["fab status"]
    if code is ExitCode.DEGRADED:
        return ["fab verify"]
    return ["fab verify" + (f"; to take it back: fab undo {run}" if outcome.state == "done" else "")]
