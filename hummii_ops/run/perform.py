"""Carries a run on one host from the laptop's side: ship, start, follow, answer, and bring its folder home.

Decides nothing: the host ends the run whether or not this returns.
"""

from __future__ import annotations

import json
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from hummii_ops.errors import HummiiError, Refused, Unreachable
from hummii_ops.events import Listener
from hummii_ops.plans.plan import Plan
from hummii_ops.run import journal, mirror, outcome, ship, witness
from hummii_ops.run.entry import Entry
from hummii_ops.run.follow import Connect, Follower, Outside
from hummii_ops.run.outcome import Outcome
from hummii_ops.steps.gates import TURN
from hummii_ops.transport import LinkLost, Transport


@dataclass(frozen=True, kw_only=True)
class Place:
    """A host as a run needs it: how to reach it (again), and where our folder is on it and here."""

    host: str
    home: str
    connect: Connect
    transport: Transport
    runs_dir: Path
    keep_runs: int = 50

    def folder(self, run_id: str) -> Path:
        """The run's folder here."""
        return self.runs_dir / run_id / self.host


def start(place: Place, plan: Plan, about: ship.About, listener: Listener, outside: Outside | None) -> Outcome:
    """Ship the plan, run it, follow it to its end."""
    payload = _packed(place, plan, about)
    follower = follower_of(place, about.run_id, listener, outside)
    state = follower.follow("begin", about=about.lease_lines(), payload=payload)
    return finish(place, plan, follower, state)


def begin(place: Place, plan: Plan, about: ship.About) -> None:
    """Ship the plan to a host that is claimed, and have it taken up there; nobody follows it yet."""
    payload = _packed(place, plan, about)
    entry = Entry(transport=place.transport, home=place.home)
    entry.call("receive", about.run_id, payload=payload)
    entry.call("start", about.run_id)


def lay_ready(place: Place, plan: Plan, about: ship.About) -> None:
    """Ship a plan that another run on the host will begin, when it has ended as prepared. Raises Unreachable."""
    entry = Entry(transport=place.transport, home=place.home)
    try:
        entry.call("receive", about.run_id, payload=_packed(place, plan, about))
    except LinkLost as lost:
        raise Unreachable(
            f"{place.host}: the link was lost ({lost}); nothing was changed", remedy="try again"
        ) from lost


def _packed(place: Place, plan: Plan, about: ship.About) -> str:
    texts = ship.folder(plan, about)
    try:
        for name in ("plan.json", "about"):  # first of all, so that an attach knows the run even if all else is lost
            mirror.write(place.folder(about.run_id) / name, texts[name].encode())
    except OSError as error:
        raise Refused(
            f"nothing can be written here, in .hummii-ops/runs: {error.strerror}; nothing was changed",
            remedy="df -h . (this machine); or the same from a folder of your own",
        ) from error
    return ship.pack(texts)


def go_on(
    place: Place, run_id: str, verb: str, listener: Listener, outside: Outside | None = None, *, turn: str = ""
) -> tuple[Plan, Outcome]:
    """Watch (`follow`), resume (`again`) or take back (`back`) a run that exists on the host.

    `turn`: what a run that waits for its turn is told, by who leads now.
    """
    plan = plan_of(place, run_id)
    follower = follower_of(place, run_id, listener, outside)
    waits = any(step.id == TURN for step in plan.forward)
    state = follower.follow_after(TURN, turn, verb) if turn and waits else follower.follow(verb)
    return plan, finish(place, plan, follower, state)


def watch(
    place: Place, plan: Plan, run_id: str, listener: Listener, outside: Outside | None = None, *, verb: str = "follow"
) -> Outcome:
    """Follow a run that the host goes on with by itself, or send it `back`, over a new link: as soon as there is one.

    Raises Detached where none comes, Refused where the host says no.
    """
    follower = replace(follower_of(place, run_id, listener, outside), transport=None, goes_on=True)
    return finish(place, plan, follower, follower.follow(verb))


def plan_of(place: Place, run_id: str) -> Plan:
    """The plan that a run on the host was made of. Raises Refused if there is none, or it cannot be read."""
    entry = Entry(transport=place.transport, home=place.home)
    try:
        text = entry.call("read_run", run_id).stdout
    except LinkLost as lost:
        raise Refused(f"{place.host}: the link was lost ({lost}); nothing was asked for", remedy="try again") from lost
    try:
        return Plan.from_json(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(
            f"{place.host}: the plan of {run_id} cannot be read ({error})", remedy="use the hummii-ops that made it"
        ) from error


def follower_of(place: Place, run_id: str, listener: Listener, outside: Outside | None) -> Follower:
    """Who follows a run on the host, over the link that there is."""
    return Follower(
        connect=place.connect,
        host=place.host,
        home=place.home,
        run_id=run_id,
        listener=listener,
        outside=outside,
        transport=place.transport,
    )


def finish(place: Place, plan: Plan, follower: Follower, state: str) -> Outcome:
    """Bring the folder home, as far as the link allows, and fold the journal into an outcome."""
    folder, whole = place.folder(follower.run_id), None
    try:
        _bring_home(place, follower)
        whole = witness.note(folder, state)
    except (HummiiError, LinkLost, OSError):
        with suppress(OSError):  # a disk here that is full changes nothing of how the run has ended
            mirror.write(folder / "journal.jsonl", "".join(f"{line}\n" for line in follower.lines).encode())
    log = folder / "output.log"
    events = journal.parse("\n".join(follower.lines), run_id=follower.run_id, host=place.host)
    ended = outcome.of(
        plan, follower.run_id, state, events, mirror.texts(folder), log.read_bytes() if log.is_file() else b""
    )
    return replace(ended, journal_sha256=whole)


def _bring_home(place: Place, follower: Follower) -> None:
    """Without its folder a run that was confirmed looks as if it was not: a link that ends here is made once more."""
    folder, asked = place.folder(follower.run_id), ("collect", follower.run_id, str(place.keep_runs))
    if follower.transport is not None:
        try:
            mirror.save(Entry(transport=follower.transport, home=place.home).call(*asked).stdout, folder)
            return
        except LinkLost:
            pass
    with closing(place.connect()) as again:
        mirror.save(Entry(transport=again, home=place.home).call(*asked).stdout, folder)
