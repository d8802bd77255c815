"""The seam between a run and who is told about it: what is said when, and the lines at its end.

Without channels it loads nothing and does nothing; with them it can neither stop nor delay a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.console import Console

from hummii_ops.errors import Busy, Refused
from hummii_ops.events import Event, Listener
from hummii_ops.inventory import Environment, inventory_path
from hummii_ops.plans.plan import Plan
from hummii_ops.run.fleet import Part, carry_out
from hummii_ops.run.gather import Watch
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.ship import About
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.reply.endings import OVER, ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hummii_ops.telling.outbox import NoteKind
    from hummii_ops.telling.teller import Teller, Undelivered


@dataclass(kw_only=True)
class Told:
    """Who is told about one run."""

    teller: Teller
    run_id: str
    facts: dict[str, str]
    begun: bool = False

    def say(self, kind: NoteKind, **more: str) -> None:
        """Say it, with what is known of the run."""
        self.teller.say(kind, **(self.facts | more))

    def hear(self, plan: Plan, event: Event) -> None:
        """Tell what of an event people want to know."""
        if event.kind == "begin" and not self.begun:
            self.begun = True
            self.say("started")
        elif event.kind == "start" and event.step == "confirmed-outside":
            self.say("verifying", result="Proven from inside; being looked at from outside.")
        elif event.kind == "start" and event.step:
            title = next((one.title for one in (*plan.forward, *plan.back) if one.id == event.step), event.step)
            self.say("step", step=f"{plan.host}: {title}")


def told_of(environment: Environment, about: About, plans: Sequence[Plan], *, to: str = "") -> Told | None:
    """Who is told about a run; None where there is no channel. `to`: where it goes, if that is no release."""
    if environment.notify is None:
        return None
    from hummii_ops.telling.teller import Teller

    facts = {
        "environment": environment.name,
        "task": about.task,
        "hosts": ", ".join(about.hosts),
        "who": about.who,
        "reason": about.reason or "no reason given",
    }
    if plans:
        facts |= {"from": plans[0].left.label, "to": to or plans[0].target.label or plans[0].left.label}
    folder = session.runs_dir() / about.run_id
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    teller = Teller(folder, environment.notify, inventory=inventory_path(), environment=environment.name)
    return Told(teller=teller, run_id=about.run_id, facts=facts)


def announcer(environment: Environment, about: About) -> Told:
    """Who is told something that is no run's. The environment must have channels."""
    told = told_of(environment, about, ())
    assert told is not None  # noqa: S101  # the caller has looked
    from hummii_ops.telling.outbox import Outbox

    before = Outbox(session.runs_dir() / about.run_id).notes()
    told.facts = dict(before[0].facts if before else {}) | {"who": about.who, "environment": environment.name}
    return told


def tell_ill_again(environment: Environment, run_id: str, ill: Sequence[str]) -> None:
    """In the run's thread: it was told as done, and the verification after it does not pass."""
    if environment.notify is None:
        return
    about = About(run_id=run_id, task="verify", who=session.who(), reason="", since_ms=0, hosts=())
    told = announcer(environment, about)
    told.say("regressed", text=f"The verification after the rollback does not pass: {', '.join(ill)}.")
    told.teller.flush()


def taken_up(environment: Environment, run_id: str) -> Told | None:
    """Who is told how a run goes on: that was told about from here, and not yet to its end. Else None."""
    if environment.notify is None:
        return None
    from hummii_ops.telling.outbox import Outbox

    before = Outbox(session.runs_dir() / run_id).notes()
    if not before or before[-1].kind in OVER:
        return None
    about = About(run_id=run_id, task="", who="", reason="", since_ms=0, hosts=())
    told = told_of(environment, about, ())
    if told is not None:
        told.facts = dict(before[0].facts)
    return told


def carried_out(
    parts: Sequence[Part], about: About, watch: Watch, *, to: str = ""
) -> tuple[tuple[Outcome, ...], Told | None]:
    """`carry_out`, told about from its plan on. Raises what `carry_out` raises."""
    told = told_of(parts[0].environment, about, [part.plan for part in parts], to=to)
    if told is None:
        return carry_out(parts, about, watch), None
    told.say("planned")
    with refusals(told):
        return carry_out(parts, about, heard(watch, told)), told


def prepared(parts: Sequence[Part], about: About, watch: Watch, *, to: str) -> tuple[Outcome, ...]:
    """`carry_out` of a run that changes nothing that is served: told when it is planned, and when all is prepared."""
    told = told_of(parts[0].environment, about, [part.plan for part in parts], to=to)
    if told is None:
        return carry_out(parts, about, watch)
    told.say("planned")
    with refusals(told):
        outcomes = carry_out(parts, about, watch)
    kind, facts = ending(outcomes[0].exit_code, outcomes, about.run_id)
    told.say(kind, **facts)
    told.teller.close()  # whoever goes on waits for what is out at the end of that
    return outcomes


@contextmanager
def refusals(told: Told) -> Iterator[None]:
    """What was planned and then refused is told as well: nothing was changed."""
    try:
        yield
    except (Refused, Busy) as error:
        told.say("failed", result="Nothing was changed.", next=error.remedy and f"Next: {error.remedy}")
        told.teller.flush()
        raise


def heard(watch: Watch, told: Told | None) -> Watch:
    """A watch that tells people as well as the one at the terminal."""
    if told is None:
        return watch
    by = told

    @contextmanager
    def watching(plan: Plan) -> Iterator[Listener]:
        with watch(plan) as listener:

            def both(event: Event) -> None:
                listener(event)
                by.hear(plan, event)

            yield both

    def watched(plan: Plan) -> AbstractContextManager[Listener]:
        return watching(plan)

    return watched


def ended(told: Told | None, reply: Reply, outcomes: Sequence[Outcome]) -> Reply:
    """The reply of a run, after its end is told; with what could not be delivered in a few seconds."""
    if told is None:
        return reply
    kind, facts = ending(reply.exit_code, outcomes, told.run_id)
    told.say(kind, **facts)
    left = told.teller.flush()
    body = {"undelivered": [{"channel": one.channel, "kinds": list(one.kinds), "why": one.why} for one in left]}

    def show(console: Console) -> None:
        reply.show(console)
        for line in lines(left, told.run_id):
            console.print(f"  {line}", style="yellow", markup=False)

    return replace(reply, body=reply.body | body, show=show)


def lines(left: Sequence[Undelivered], run_id: str) -> list[str]:
    """What was not delivered, and how it is sent."""
    said = [f"not told: {one.channel} ({', '.join(one.kinds)}): {one.why}" for one in left]
    return [*said, f"to send it: fab notify.flush --run={run_id}"] if left else []
