"""The end of a run, as one document and as a page for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console

from hummii_ops.errors import ExitCode
from hummii_ops.events import Event, Listener
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.run.fleet import Part
from hummii_ops.run.outcome import Outcome
from hummii_ops.tasks.differ import differ, differing
from hummii_ops.tasks.endings import held
from hummii_ops.tasks.frame import Reply
from hummii_ops.tasks.meant import Beside
from hummii_ops.tasks.reporting import load_writer, writer
from hummii_ops.telling.console import RunConsole
from hummii_ops.transport import printable

VERDICTS = {
    ExitCode.DONE: "pass",
    ExitCode.DEGRADED: "degraded",
    ExitCode.RESTORED: "restored",
    ExitCode.MIXED: "mixed",
    ExitCode.REFUSED: "refused",
}

_PREPARED = {
    "prepared": "the backup is restored and proven beside; the present database goes on being served",
    "done": "the backup was restored and proven beside, and a later run has served it",
}


def watcher(people: Console, many: bool) -> Callable[[Plan], AbstractContextManager[Listener]]:
    """What shows a run while it lasts, to people and to programs; signs are explained once, on the first host."""
    from hummii_ops.telling import lines  # when a run begins: what only looks does not wait for it

    shown, programs = count(), lines.opened()

    @contextmanager
    def watch(plan: Plan) -> Iterator[Listener]:
        with RunConsole(people, plan, many=many, legend=next(shown) == 0) as console:

            def listener(event: Event) -> None:
                if programs is not None:
                    programs.add(plan, event)
                console(event)
                if event.kind == "begin":  # from here on the host works, and nobody here has anything to do
                    load_writer()

            yield listener

    return watch


def run_reply(
    kind: str,
    parts: Sequence[Part],
    outcomes: Sequence[Outcome],
    folder: Path,
    *,
    asked_back: bool = False,
    beside: Sequence[Beside] = (),
) -> Reply:
    """The reply for a run over its hosts; the worst host decides. `asked_back`: going back is what was asked for.

    `beside` are hosts where the run had ended before: they were not followed, and count all the same.
    """
    code = worst(outcomes, asked_back=asked_back, beside=beside)
    first, plan = outcomes[0], parts[0].plan
    body: dict[str, Any] = {
        "run_id": first.run_id,
        "environment": plan.environment,
        "task": plan.task,
        "plan_id": plan.digest,
        "from": state_json(plan.left),
        "to": state_json(plan.target),
        "outage_s": _sum_outage(outcomes),
        "outage_reason": next((one.outage_reason for one in outcomes if one.outage_s is None), None),
        "hosts": [_host_json(one) for one in outcomes],
        "passed_over": [vars(one) for one in beside],
        "steps": [step.as_json() for one in outcomes for step in one.steps if step.outcome != "not reached"],
        "checklist": [vars(item) for item in plan.checklist],
        "report": str(folder),
    }

    def show(console: Console) -> None:
        for part, outcome in zip(parts, outcomes, strict=False):
            _show(console, part.plan, outcome, asked_back=asked_back)
        if differ(outcomes, beside):
            for line, style in differing(parts, outcomes, beside):
                console.print(line, style=style, markup=False)
        console.print(f"  report: {_from_here(folder)}/report.html", style="dim", markup=False)

    after = writer(folder, parts[0].environment)
    return Reply(kind=kind, body=body, exit_code=code, verdict=VERDICTS[code], show=show, after=after)


def _from_here(folder: Path) -> Path:
    """As it is typed from where the operator stands."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def state_json(state: StackState) -> dict[str, Any]:
    """A state for `from` and `to`."""
    return {
        "release": state.release_id,
        "version": state.label,
        "identity": state.identity,
        "images": state.images(),
    }


def worst(outcomes: Sequence[Outcome], *, asked_back: bool, beside: Sequence[Beside] = ()) -> ExitCode:
    """The exit code of the whole: mixed before restored before refused before degraded before done.

    Hosts that ended on two releases are mixed: nobody led the run to its end on all of them.
    """
    order = [ExitCode.MIXED, ExitCode.RESTORED, ExitCode.REFUSED, ExitCode.DEGRADED, ExitCode.DONE]
    codes = [_code(one, asked_back=asked_back) for one in outcomes]
    if differ(outcomes, beside):
        return ExitCode.MIXED
    return next(code for code in order if code in codes)


def _code(outcome: Outcome, *, asked_back: bool) -> ExitCode:
    ended_back = outcome.state in ("restored", "abandoned", "refused")  # refused: it never left the state from before
    return ExitCode.DONE if asked_back and ended_back else outcome.exit_code


def _sum_outage(outcomes: Sequence[Outcome]) -> float | None:
    known = [one.outage_s for one in outcomes if one.outage_s is not None]
    return max(known) if len(known) == len(outcomes) else None


def _host_json(one: Outcome) -> dict[str, Any]:
    return {
        "name": one.host,
        "state": one.state,
        "outside": one.outside,
        "outside_by_default": one.by_default,
        "cancelled": one.cancelled,
        "taken_back_by": one.taken_back_by,
        "outage_s": one.outage_s,
        "began_at": one.began_at.isoformat() if one.began_at else None,
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "journal_sha256": one.journal_sha256,
    }


def _show(console: Console, plan: Plan, outcome: Outcome, *, asked_back: bool) -> None:
    code = _code(outcome, asked_back=asked_back)
    sentence = _sentence(plan, outcome, code)
    style = {ExitCode.DONE: "bold green", ExitCode.DEGRADED: "bold yellow"}.get(code, "bold red")
    style = "bold red" if outcome.state == "done" and outcome.taken_back_by else style
    console.print(f"{plan.host}: ", end="", markup=False)
    console.print(sentence, style=style, markup=False)
    if outcome.failed_step is not None:
        failed = outcome.failed_step
        console.print(f"  {failed.id} failed: {printable(failed.reason or '')}", markup=False)
    console.print(f"  {VERDICTS[code]} ({int(code)}){_elapsed(outcome)}", markup=False)
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
    return f"interrupted on the host while going {outcome.state}; nothing runs there now"


def _next(plan: Plan, outcome: Outcome, code: ExitCode) -> list[str]:
    run = f"--run={outcome.run_id}"
    if plan.task == "backup-db" and outcome.state == "done":
        return ["fab backups-db"]
    if outcome.state == "prepared":
        return [f"fab resume {run} serves it", f"fab cancel {run} drops it"]
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
