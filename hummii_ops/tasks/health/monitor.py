"""fab monitor: watch production after a rollback, an hour or a day, and tell as soon as it is ill again.

Changes nothing; each look is one of fab verify's, over a link that is made anew when it was lost. Every look is kept.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from rich.console import Console

from hummii_ops.checks import exit_code_of
from hummii_ops.errors import HummiiError, UsageError
from hummii_ops.inventory import Environment
from hummii_ops.run.ship import About, new_run_id
from hummii_ops.scenarios.missed import Missed
from hummii_ops.scenarios.watch import Look, Turn, Watch, look
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.health import looking
from hummii_ops.tasks.health.catching_up import missed
from hummii_ops.tasks.reply import told
from hummii_ops.tasks.reply.runview import check_run_id
from hummii_ops.transport import LinkLost, printable

_SPAN = re.compile(r"(\d{1,6})(s|m|h|d)")
_GAPS, _LONG_S = 3, 30  # looks that should have been made meanwhile, and what one may take: then the laptop slept
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NEXT_WORD, _WORDS_FOR = timedelta(minutes=20), timedelta(hours=2)
_SIGNS = {"once": "[yellow]?[/]", "ill": "[bold red]✗[/]", "well": "[green]✓[/]", "unseen": "[yellow]![/]", "seen": "·"}
_HELP = {
    "for_": "how long: 90s, 10m, 1h, 24h",
    "every": "seconds between two looks",
    "flows": "play the user flows at each look, too: they write test data, and take it away",
    "run": "the run that is watched: people are told in its thread (default: a thread of its own)",
}


@command("monitor", help=_HELP)
def monitor(
    _context: Any,
    for_: str = "1h",
    every: int = 30,
    flows: bool = False,
    run: str | None = None,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Watch production after a rollback: health, errors, load, response times; says at once when it is ill again."""
    span_s = span_of(for_)
    if not 1 <= every <= 3600:
        raise UsageError("--every is 1 to 3600 seconds")
    environment = session.choose(env)
    sites = session.reach(environment, limit)
    if run is not None and not (session.runs_dir() / check_run_id(run)).is_dir():
        raise UsageError(f"{run} is not kept here", remedy="without --run it is told in a thread of its own")
    kept = session.runs_dir().parent / "monitor" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    watch, teller = Watch(), _announcer(environment, run)
    people = say()
    people.print(f"watching {environment.name} for {for_}, a look every {every} s; Ctrl-C ends it", style="dim")
    began = word = datetime.now(UTC)
    with suppress(KeyboardInterrupt):
        for one in looks(sites, span_s=span_s, every_s=every, flows=flows):
            _keep(kept, one)
            for turn in watch.see(one):
                _tell(people, turn, teller)
            if teller is not None and word_is_due(one.at, word, began):
                word = one.at
                teller.say("watching", text=f"The next word by {one.at + _NEXT_WORD:%H:%M} UTC.")
    if teller is not None and watch.verdict == "pass":
        teller.say("monitoring-ok", text=f"Watched for {for_}: {watch.words}.")
    if teller is not None:
        teller.teller.flush()
    return _reply(environment, watch, kept)


def word_is_due(at: datetime, last: datetime, began: datetime) -> bool:
    """In the first hours the public hears something at most 20 minutes apart; a look takes its time."""
    return at - last >= _NEXT_WORD - timedelta(minutes=2) and at - began < _WORDS_FOR


def span_of(text: str) -> int:
    """Seconds. Raises UsageError."""
    matched = _SPAN.fullmatch(text)
    seconds = int(matched[1]) * _UNITS[matched[2]] if matched else 0
    if not 1 <= seconds <= 7 * 86_400:
        raise UsageError(f"--for={text!r:.40} is no time of at most 7 days", remedy="for example --for=1h")
    return seconds


def looks(sites: Sequence[Site], *, span_s: float, every_s: float, flows: bool) -> Iterator[Look]:
    """A look at all hosts at once, again and again until the time is over; at least one.

    After a gap the hosts are asked for what they kept of it: a lost link, or a laptop that slept.
    """
    until, lost = time.monotonic() + span_s, False
    seen_at: datetime | None = None
    while True:
        began = time.monotonic()
        at = datetime.now(UTC)
        try:
            asleep = seen_at is not None and (at - seen_at).total_seconds() > _GAPS * every_s + _LONG_S
            since = seen_at if lost or asleep else None
            made = [_measured(site, flows=flows, since=since) for site in sites]
            yield replace(
                look(at, [one for seen, _ in made for one in seen]),
                missed=tuple(gap for _, gap in made if gap is not None),
            )
            seen_at, lost = datetime.now(UTC), False
        except (HummiiError, LinkLost) as error:
            lost = True
            yield Look(at=at, why=printable(str(error).splitlines()[0]))
        pause = every_s - (time.monotonic() - began)
        if time.monotonic() + max(pause, 0) >= until:
            return
        time.sleep(max(pause, 0))


def _measured(site: Site, *, flows: bool, since: datetime | None) -> tuple[Sequence[Any], Missed | None]:
    again = replace(site, transport=site.place.connect())
    try:
        seen = looking.see(again, settle_s=1, left=Event(), flows=flows)
        gap = missed(again.transport, seen.snapshot, site.environment, since) if since else None
        return seen.measurements, gap
    finally:
        again.transport.close()


def _announcer(environment: Environment, run: str | None) -> told.Told | None:
    if environment.notify is None:
        return None
    run_id = run or new_run_id("monitor")
    return told.announcer(
        environment, About(run_id=run_id, task="monitor", who=session.who(), reason="", since_ms=0, hosts=())
    )


def _keep(path: Path, one: Look) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(one) | {"at": one.at.isoformat(), "verdict": one.verdict}, default=str) + "\n")


def _tell(people: Console, turn: Turn, teller: told.Told | None) -> None:
    words = {"once": "not well, in one look: ", "ill": "ill: "}.get(turn.kind, "") + turn.words
    people.print(f"{turn.at:%H:%M:%S} {_SIGNS[turn.kind]} ", end="")
    people.print(printable(words), markup=False)
    if teller is not None and turn.kind == "ill":
        teller.say("regressed", text=f"Ill again: {turn.words}.")


def _reply(environment: Environment, watch: Watch, kept: Path) -> Reply:
    verdict = watch.verdict
    body = {
        "environment": environment.name,
        "looks": len(watch.looks),
        "unseen": sum(one.why is not None for one in watch.looks),
        "turns": [asdict(one) | {"at": one.at.isoformat()} for one in watch.turns],
        "samples": str(kept),
    }

    def show(console: Console) -> None:
        console.print(printable(f"{verdict}: {watch.words}"), markup=False)
        console.print(f"  every look: {kept}", style="dim", markup=False)
        if verdict == "fail":
            console.print("  next: fab verify; fab diagnose", markup=False)

    return Reply(kind="monitor", body=body, exit_code=exit_code_of(verdict), verdict=verdict, show=show)


ALL = (monitor,)
