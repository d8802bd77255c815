"""The end of a run, as one document; its page for people is in ended_page."""

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
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.reply import ended_page
from hummii_ops.tasks.reply.differ import differ, differing
from hummii_ops.tasks.reply.meant import Beside
from hummii_ops.tasks.reply.record_writer import load_writer, writer
from hummii_ops.telling.console import RunConsole

VERDICTS = {
    ExitCode.DONE: "pass",
    ExitCode.DEGRADED: "degraded",
    ExitCode.RESTORED: "restored",
    ExitCode.MIXED: "mixed",
    ExitCode.REFUSED: "refused",
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
            code_here = _code(outcome, asked_back=asked_back)
            ended_page.show(console, part.plan, outcome, code_here, VERDICTS[code_here])
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
