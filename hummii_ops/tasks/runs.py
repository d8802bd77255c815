"""Tasks about runs: attach, resume, undo, cancel, runs, evidence, unlock. Each works from any laptop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hummii_ops.errors import Refused, UsageError
from hummii_ops.facts.claims import FINISHED, RunFact
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import undo as plan_undo
from hummii_ops.run import mirror, perform, preflight
from hummii_ops.run.entry import NotInThatState
from hummii_ops.run.fleet import Part, carry_out, in_turn, left_alone
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.ship import About, lines, new_run_id
from hummii_ops.run.turn import Keeper
from hummii_ops.tasks import planshow, session
from hummii_ops.tasks.atwork import standing
from hummii_ops.tasks.frame import Reply, command, say
from hummii_ops.tasks.parts import part_of
from hummii_ops.tasks.report import run_reply, watcher
from hummii_ops.tasks.runview import chosen_run, run_json
from hummii_ops.tasks.session import Site
from hummii_ops.transport import LinkLost, printable


@command("attach")
def attach(
    _context: Any, run: str | None = None, limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """Watch a run to its end, from any laptop; shows it from its first step if it is over."""
    return _go_on("attach", "follow", run, limit, env)


@command("resume", changes=True)
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
    return _go_on("resume", "again", run, limit, env, unfinished=True, ask=ask)


@command("cancel", changes=True)
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
    return _go_on("cancel", "back", run, limit, env, unfinished=True, asked_back=True, ask=ask)


@command("undo", changes=True)
def undo(
    _context: Any,
    run: str | None = None,
    yes: bool = False,
    reason: str = "",
    dry_run: bool = False,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Take a run back: an unfinished one goes back now; a finished one is undone, with its mark and its hold."""
    environment = session.choose(env)
    sites = session.reach(environment, limit)
    snapshots = [site.snapshot() for site in sites]
    chosen = chosen_run(snapshots[0], run)
    here = [chosen_run(snapshot, chosen.run_id) for snapshot in snapshots]
    if any(one.is_unfinished for one in here):  # where it has ended, a second undo takes it back
        if dry_run:
            raise UsageError(f"{chosen.run_id} has not ended: undo goes back at once, it has no plan of its own")
        session.confirm(f"Go back to the state from before {chosen.run_id}?", yes=yes, what="undo")
        return _go_on("undo", "back", chosen.run_id, limit, env, unfinished=True, asked_back=True)
    ended = list(zip(sites, snapshots, here, strict=True))
    done = [one for one in ended if one[2].state == "done"] or ended
    parts = in_turn([_undo_part(site, snapshot, chosen.run_id) for site, snapshot, _ in done])
    people = say()
    for part in parts:
        planshow.show(people, part.plan, who=session.who(), reason=reason, dry_run=dry_run)
    if dry_run:
        body = {"plans": [part.plan.as_json() | {"plan_id": part.plan.digest} for part in parts]}
        return Reply(kind="dry-run", body=body, show=planshow.can_run)
    session.confirm(f"Undo {chosen.run_id}: back to {parts[0].plan.target.label}?", yes=yes, what="undo")
    about = About(
        run_id=new_run_id("undo"),
        task="undo",
        who=session.who(),
        reason=reason,
        since_ms=int(time.time() * 1000),
        hosts=tuple(part.place.host for part in parts),
    )
    outcomes = carry_out(parts, about, watcher(people, len(parts) > 1))
    return run_reply("undo", parts, outcomes, session.runs_dir() / about.run_id)


@command("runs")
def runs(_context: Any, limit: str | None = None, env: str | None = None, format: str = "text") -> Reply:
    """The runs that the hosts know, newest first."""
    snapshots = [site.snapshot() for site in session.reach(session.choose(env), limit)]
    rows = [(snapshot.host_name, run) for snapshot in snapshots for run in snapshot.runs]
    alive = {snapshot.host_name: snapshot.busy for snapshot in snapshots}
    body = {"runs": [{"host": host} | run_json(run, busy=alive[host]) for host, run in rows]}

    def show(console: Console) -> None:
        table = Table(box=None, pad_edge=False)
        for title in ("host", "run", "state", "from → to", "who", "why"):
            whole = max((len(run.run_id) for _, run in rows), default=0) if title == "run" else None
            table.add_column(title, overflow="fold", min_width=whole)  # a run's id is for copying: never cut
        for host, run in rows:
            way = f"{run.from_release} → {run.to_release}"
            cells = (host, run.run_id, run.state or "never started", way, run.who, run.reason)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        console.print(table if rows else "no run yet")

    return Reply(kind="runs", body=body, show=show)


@command("evidence")
def evidence(
    _context: Any, run: str | None = None, limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """Bring home what a run saved: journal, output, logs and states of what it replaced."""
    folders = []
    for site in session.reach(session.choose(env), limit):
        chosen = chosen_run(site.snapshot(), run)
        folder = session.runs_dir() / chosen.run_id / site.host.name
        mirror.save(site.entry.call("collect", chosen.run_id, limit_s=300).stdout, folder)
        folders.append({"host": site.host.name, "run_id": chosen.run_id, "folder": str(folder)})

    def show(console: Console) -> None:
        for one in folders:
            console.print(f"{one['host']}: {one['folder']}", markup=False)

    return Reply(kind="evidence", body={"folders": folders}, show=show)


@command("unlock", changes=True, help={"abandon": "id of an unfinished run to be given up as it is"})
def unlock(
    _context: Any,
    abandon: str | None = None,
    yes: bool = False,
    reason: str = "",
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Free a lease that nothing uses any more; an unfinished run is given up only by name (--abandon=RUN)."""
    if not reason.strip():
        raise UsageError("unlock needs a reason", remedy='fab unlock --reason="…"')
    sites = session.reach(session.choose(env), limit)
    session.confirm("Free the lease?", yes=yes, what="unlock")
    about = lines({"who": session.who(), "reason": reason})
    freed = []
    held = [(site, lease) for site in sites if (lease := site.snapshot().lease) is not None]
    if not held:
        raise Refused("there is no lease to free", remedy="who is at work, and where: fab status")
    for site, lease in held:
        try:
            said = site.entry.call("unlock", abandon or "-", about=about)
        except NotInThatState as error:
            raise Refused(
                f"{site.host.name}: {lease.run} has not ended; a freed lease would hide that",
                remedy=f"fab resume --run={lease.run}, fab undo --run={lease.run}, "
                f"or give it up: fab unlock --abandon={lease.run} --reason=…",
                run_id=lease.run,
            ) from error
        freed.append({"host": site.host.name, "run_id": said.stdout.decode().strip()})

    def show(console: Console) -> None:
        for one in freed:
            console.print(f"{one['host']}: the lease of {one['run_id']} is free", markup=False)

    return Reply(kind="unlock", body={"freed": freed}, show=show)


def _go_on(
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
    people = say()
    parts: list[Part] = []
    outcomes: list[Outcome] = []
    back_is_right = asked_back
    sites = session.reach(session.choose(env), limit)
    meant, leads = _meant(task, run, sites, unfinished=unfinished)
    for site, chosen in meant:
        run_id = chosen.run_id
        part = part_of(site, perform.plan_of(site.place, chosen.run_id))
        people.print(printable(_headline(site, chosen)), style="bold", markup=False)
        for line in standing(
            chosen, site.snapshot() if chosen.is_unfinished else None, back=task if asked_back else ""
        ):
            people.print(printable(f"  {line}"), markup=False)
        if ask is not None and not parts:
            ask()
        if asked_back and not parts:
            _stop_all(meant)
        if leads and not parts:
            _keep_waiting(meant)
        turn = ("go" if all(one.state == "done" for one in outcomes) else "stop") if leads else ""
        try:
            with watcher(people, False)(part.plan) as listener:
                _, outcome = perform.go_on(part.place, run_id, verb, listener, part.outside, turn=turn)
        except KeyboardInterrupt:
            raise left_alone(site.host.name, chosen.run_id) from None
        if asked_back and outcome.state == "done":
            raise Refused(
                f"{site.host.name}: too late to {task}: {chosen.run_id} came to its end, "
                f"and {part.plan.target.label} runs",
                remedy=f"to take it back: fab undo --run={chosen.run_id}",
                run_id=chosen.run_id,
            )
        # a run that was on its way back is asked to end there
        back_is_right = back_is_right or (task == "resume" and chosen.state in ("back", "mixed"))
        parts.append(part)
        outcomes.append(outcome)
    return run_reply(task, parts, outcomes, session.runs_dir() / run_id, asked_back=back_is_right)


def _stop_all(meant: Sequence[tuple[Site, RunFact]]) -> None:
    """All hosts are told before one is followed: else the next one might begin while the first goes back."""
    for site, chosen in meant:
        with suppress(NotInThatState, LinkLost):  # ended meanwhile; or told again when it is followed
            site.entry.call("cancel", chosen.run_id)


def _keep_waiting(meant: Sequence[tuple[Site, RunFact]]) -> None:
    """Who resumes leads: the others wait for their turn, until it is given."""
    for site, chosen in meant:
        Keeper(site.place, chosen.run_id).start()


def _headline(site: Site, run: RunFact) -> str:
    """Which run this is, before anything of it is shown."""
    ended = run.state in FINISHED
    when = f", ended {run.state_at:%Y-%m-%d %H:%M:%S} UTC: what follows is its record" if ended and run.state_at else ""
    return (
        f"{site.host.name} · {run.task} {run.run_id}: {run.from_release} → {run.to_release}, "
        f"by {run.who}: {run.reason or 'no reason given'} ({run.state}{when})"
    )


def _meant(
    task: str, run: str | None, sites: Sequence[Site], *, unfinished: bool
) -> tuple[list[tuple[Site, RunFact]], bool]:
    """The run on each host that it concerns; a host where it has ended is passed over, unless it has ended on all.

    And whether a resume may lead it on: no host has kept or got back the release from before.
    """
    found: list[tuple[Site, RunFact]] = []
    for site in sites:
        try:
            chosen = chosen_run(site.snapshot(), run)
        except Refused:
            if not found:
                raise
            continue  # the run was never begun there
        run = chosen.run_id
        found.append((site, chosen))
    concerned = [(site, one) for site, one in found if not unfinished or one.is_unfinished or one.state == "ready"]
    if not concerned:
        site, one = found[0]
        raise Refused(
            f"{site.host.name}: {one.run_id} has ended ({one.state}); there is nothing to {task}",
            remedy=f"to take it back: fab undo --run={one.run_id}",
            run_id=one.run_id,
        )
    old = [one for _, one in found if one.state != "done" and one.state != "forward"]
    return concerned, task == "resume" and not old and len(found) == len(sites)


def _undo_part(site: Site, snapshot: Snapshot, run_id: str) -> Part:
    preflight.check(snapshot)
    chosen = chosen_run(snapshot, run_id)
    if chosen.state != "done":
        raise Refused(
            f"{site.host.name}: {run_id} ended as {chosen.state}: it left nothing to undo",
            remedy="see what runs: fab status",
        )
    done = perform.plan_of(site.place, run_id)
    left = site.entry.call("read_left", run_id).stdout.decode()
    return part_of(site, plan_undo.build(snapshot, site.environment, done, run_id, left))


ALL = (attach, resume, cancel, undo, runs, evidence, unlock)
