"""Takes up a run that exists on its hosts: watches it, lets it go on, or takes it back.

Decides nothing: it asks the host, says what was asked for, and follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from hummii_ops.errors import Refused
from hummii_ops.facts.claims import FINISHED, RunFact
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.run import perform
from hummii_ops.run.fleet import Part, left_alone
from hummii_ops.run.outcome import Outcome
from hummii_ops.tasks import session
from hummii_ops.tasks.atwork import step_now
from hummii_ops.tasks.frame import Reply, say
from hummii_ops.tasks.parts import part_of
from hummii_ops.tasks.report import run_reply, watcher
from hummii_ops.tasks.runview import chosen_run, shown_state
from hummii_ops.tasks.session import Site
from hummii_ops.transport import printable


@dataclass(frozen=True, kw_only=True)
class Meant:
    """The run that is meant on one host, as it stood when the host was read."""

    site: Site
    run: RunFact
    snapshot: Snapshot

    @property
    def is_at_work(self) -> bool:
        """Does its runner live, and has it begun?"""
        return shown_state(self.run, busy=self.snapshot.busy) == "running"


def go_on(
    task: str,
    verb: str,
    run: str | None,
    limit: str | None,
    env: str | None,
    *,
    unfinished: bool = False,
    asked_back: bool = False,
    ask: Callable[[], None] | None = None,
) -> Reply:
    """Follow the run on every host that it concerns; `verb` is what the host is asked for: follow, again or back."""
    people = say()
    watch = watcher(people, False)
    parts: list[Part] = []
    outcomes: list[Outcome] = []
    back_is_right = asked_back
    for meant in _meant(task, run, session.reach(session.choose(env), limit), unfinished=unfinished):
        part = part_of(meant.site, perform.plan_of(meant.site.place, meant.run.run_id))
        for line in headline(meant):
            people.print(printable(line), style="bold", markup=False)
        if ask is not None and not parts:
            ask()
        if asked_back:
            _say_asked(people, meant, task)
        try:
            with watch(part.plan) as listener:
                _, outcome = perform.go_on(part.place, meant.run.run_id, verb, listener, part.outside)
        except KeyboardInterrupt:
            raise left_alone(meant.site.host.name, meant.run.run_id) from None
        if asked_back and outcome.state == "done":
            raise _too_late(task, meant, part)
        # a run that was on its way back is asked to end there
        back_is_right = back_is_right or (task == "resume" and meant.run.state in ("back", "mixed"))
        parts.append(part)
        outcomes.append(outcome)
    return run_reply(task, parts, outcomes, session.runs_dir() / outcomes[0].run_id, asked_back=back_is_right)


def headline(meant: Meant) -> Iterator[str]:
    """Which run this is, and where it stands, before anything of it is shown."""
    run = meant.run
    ended = run.state in FINISHED
    when = f", ended {run.state_at:%Y-%m-%d %H:%M:%S} UTC: what follows is its record" if ended and run.state_at else ""
    yield (
        f"{meant.site.host.name} · {run.task} {run.run_id}: {run.from_release} → {run.to_release}, "
        f"by {run.who}: {run.reason or 'no reason given'} ({run.state}{when})"
    )
    step = step_now(meant.snapshot) if meant.is_at_work else None
    if step is not None:
        yield f"  {step.words(meant.snapshot.read_at)}"


def _say_asked(people: Console, meant: Meant, task: str) -> None:
    """What happens now that going back is asked for, and how to see its end from elsewhere."""
    when = "takes effect when the step at work has ended" if meant.is_at_work else "nothing runs there: it begins now"
    end = f"its end is shown here, and by fab attach --run={meant.run.run_id}"
    people.print(f"{task} is asked for: {when}; {end}", style="yellow", markup=False)


def _too_late(task: str, meant: Meant, part: Part) -> Refused:
    return Refused(
        f"{meant.site.host.name}: too late to {task}: {meant.run.run_id} came to its end, "
        f"and {part.plan.target.label} runs",
        remedy=f"to take it back: fab undo --run={meant.run.run_id}",
        run_id=meant.run.run_id,
    )


def _meant(task: str, run: str | None, sites: Sequence[Site], *, unfinished: bool) -> list[Meant]:
    """The run on each host that it concerns; a host where it has ended is passed over, unless it has ended on all."""
    found: list[Meant] = []
    for site in sites:
        snapshot = site.snapshot()
        try:
            chosen = chosen_run(snapshot, run)
        except Refused:
            if not found:
                raise
            continue  # the run was never begun there
        run = chosen.run_id
        found.append(Meant(site=site, run=chosen, snapshot=snapshot))
    concerned = [one for one in found if not unfinished or one.run.is_unfinished or one.run.state == "ready"]
    if not concerned:
        ended = found[0].run
        raise Refused(
            f"{found[0].site.host.name}: {ended.run_id} has ended ({ended.state}); there is nothing to {task}",
            remedy=f"to take it back: fab undo --run={ended.run_id}",
            run_id=ended.run_id,
        )
    return concerned
