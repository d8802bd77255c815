"""Tasks that take up a run that exists: attach, resume, cancel. Each works from any laptop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from hummii_ops.errors import Refused
from hummii_ops.facts.claims import FINISHED, RunFact
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.run import perform
from hummii_ops.run.entry import NotInThatState
from hummii_ops.run.fleet import Part, left_alone
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.turn import Keeper
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database.discard import discard
from hummii_ops.tasks.database.swapping import resume_prepared
from hummii_ops.tasks.reply import told
from hummii_ops.tasks.reply.atwork import standing
from hummii_ops.tasks.reply.meant import Found, Meant, check_prepared, chosen_among, meant, on
from hummii_ops.tasks.reply.parts import part_of
from hummii_ops.tasks.reply.report import run_reply, watcher
from hummii_ops.tasks.runs import chained
from hummii_ops.transport import LinkLost, printable


@command("attach", formats=FORMATS_OF_A_RUN)
def attach(
    _context: Any, run: str | None = None, limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """Watch a run to its end, from any laptop; shows it from its first step if it is over."""
    return go_on("attach", "follow", run, seen(limit, env))


@command("resume", changes=True, formats=FORMATS_OF_A_RUN)
def resume(
    _context: Any,
    run: str | None = None,
    yes: bool = False,
    reason: str = "",
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Let an interrupted run go on, in the direction it had: forward to its target, or back."""
    ask = partial(session.confirm, "Let the interrupted run go on?", yes=yes, what="resume")
    hosts = seen(limit, env)
    waits = _prepared(hosts, run)
    cut = chained.cut_before_it_began(waits[1]) if waits else None
    if cut is not None:
        return go_on("resume", "again", cut.run_id, hosts, ask=ask)
    if waits is not None:
        return resume_prepared(*waits, yes=yes, reason=reason)
    return go_on("resume", "again", run, hosts, unfinished=True, ask=ask)


@command("cancel", changes=True, formats=FORMATS_OF_A_RUN)
def cancel(
    _context: Any,
    run: str | None = None,
    yes: bool = False,
    reason: str = "",
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Stop a run between two steps, and go back to the state from before it."""
    question = "Cancel the run, and go back to the state from before it?"
    ask = partial(session.confirm, question, yes=yes, what="cancel")
    hosts = seen(limit, env)
    waits = _prepared(hosts, run)
    if waits is not None:
        return discard(*waits, yes=yes, reason=reason)
    return go_on("cancel", "back", run, hosts, unfinished=True, asked_back=True, ask=ask)


def seen(limit: str | None, env: str | None) -> Sequence[tuple[Site, Snapshot]]:
    """The hosts, and what is true there."""
    return [(site, site.snapshot()) for site in session.reach(session.choose(env), limit)]


def _prepared(hosts: Sequence[tuple[Site, Snapshot]], run: str | None) -> Found | None:
    """The run that is meant, if it has prepared something and waits for a word."""
    chosen = chosen_among([snapshot for _, snapshot in hosts], run)
    if chosen.state != "prepared":
        return None
    return next((site, snapshot, chosen) for site, snapshot in hosts if on(snapshot, chosen.run_id) is not None)


def go_on(
    task: str,
    verb: str,
    run: str | None,
    hosts: Sequence[tuple[Site, Snapshot]],
    *,
    unfinished: bool = False,
    asked_back: bool = False,
    ask: Callable[[], None] | None = None,
) -> Reply:
    """Say where the run stands on each host, ask once, and follow it to its end, one host after the other."""
    over = meant(task, run, hosts, unfinished=unfinished)
    site, _, chosen = over.followed[0]
    run_id, back = chosen.run_id, task if asked_back else ""
    parts = _parts(over)
    _say_where(site, chosen, back=back)
    if task == "resume" and chained.follows(parts[0].plan):
        say().print("  when all is prepared it goes on by itself: the backup is served, and writers are stopped for it")
    if ask is not None:
        ask()
    try:
        _tell_all(over, stop=asked_back)
        last, outcomes = chained.to_the_last(
            site, parts, _follow_all(verb, over, parts, back=back), asked_back=asked_back
        )
    except KeyboardInterrupt:  # from here on a host may have heard us
        raise left_alone(", ".join(part.place.host for part in parts), run_id) from None
    if asked_back and all(one.state == "done" for one in outcomes) and all(one.at_target for one in over.beside):
        raise _too_late(task, parts, run_id)  # on all hosts: where only some were too late, they differ
    # a run that was on its way back is asked to end there
    back_is_right = asked_back or (
        task == "resume" and any(one.state in ("back", "mixed") for _, _, one in over.followed)
    )
    folder = session.runs_dir() / outcomes[0].run_id
    reply = run_reply(task, last, outcomes, folder, asked_back=back_is_right, beside=over.beside)
    return told.ended(told.taken_up(site.environment, outcomes[0].run_id), reply, outcomes)


def _parts(over: Meant) -> list[Part]:
    """Each host's share, with the plan that it was sent. Raises what `check_prepared` raises, for who would lead."""
    parts = []
    for site, snapshot, run in over.followed:
        part = part_of(site, perform.plan_of(site.place, run.run_id))
        if over.leads:
            check_prepared(snapshot, run, part.plan)
        parts.append(part)
    return parts


def _say_where(site: Site, chosen: RunFact, *, back: str) -> None:
    """Which run this is and where it stands, before anything of it is shown."""
    people = say()
    people.print(printable(_headline(site, chosen)), style="bold", markup=False)
    for line in standing(chosen, site.snapshot() if chosen.is_unfinished else None, back=back):
        people.print(printable(f"  {line}"), markup=False)


def _follow_all(verb: str, over: Meant, parts: Sequence[Part], *, back: str) -> list[Outcome]:
    """One host after the other, to its end; who leads gives the next its turn if all before it are done."""
    outcomes: list[Outcome] = []
    for (site, _, chosen), part in zip(over.followed, parts, strict=True):
        if outcomes:
            _say_where(site, chosen, back=back)
        turn = ("go" if all(one.state == "done" for one in outcomes) else "stop") if over.leads else ""
        with watcher(say(), False)(part.plan) as listener:
            followed = perform.go_on(part.place, chosen.run_id, verb, listener, part.outside, turn=turn)
        outcomes.append(followed[1])
    return outcomes


def _too_late(task: str, parts: Sequence[Part], run_id: str) -> Refused:
    hosts = ", ".join(part.place.host for part in parts)
    return Refused(
        f"{hosts}: too late to {task}: {run_id} came to its end, and {parts[0].plan.target.label} runs",
        remedy=f"to take it back: fab undo --run={run_id}",
        run_id=run_id,
    )


def _tell_all(over: Meant, *, stop: bool) -> None:
    """All hosts are told before one is followed: else the next one might begin while the first goes back.

    Who resumes leads: then the others wait for their turn, until it is given.
    """
    for site, _, chosen in over.followed:
        if stop:
            with suppress(NotInThatState, LinkLost):  # ended meanwhile; or told again when it is followed
                site.entry.call("cancel", chosen.run_id)
        if over.leads:
            Keeper(site.place, chosen.run_id).start()


def _headline(site: Site, run: RunFact) -> str:
    """Which run this is, before anything of it is shown."""
    ended = run.state in FINISHED
    when = f", ended {run.state_at:%Y-%m-%d %H:%M:%S} UTC: what follows is its record" if ended and run.state_at else ""
    return (
        f"{site.host.name} · {run.task} {run.run_id}: {run.from_release} → {run.to_release}, "
        f"by {run.who}: {run.reason or 'no reason given'} ({run.state}{when})"
    )


ALL = (attach, resume, cancel)
