"""fab watch: looks after a deploy, and rolls it back where that would cure it and the policy allows; else it calls.

Bounded by --for. At most one rollback, and never a second one of a release: the host's runs tell, not this laptop.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any

from rich.console import Console

from hummii_ops.errors import ExitCode, HummiiError, UsageError
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.deploys.watch_acts import Story, breached
from hummii_ops.tasks.health.monitor import span_of
from hummii_ops.tasks.reply.report import VERDICTS
from hummii_ops.transport import LinkLost, printable

if TYPE_CHECKING:
    from hummii_ops.scenarios.deploy_watch import DeployWatch, Policy
    from hummii_ops.scenarios.watch import Look

_HELP = {
    "for_": "how long: 90s, 10m, 1h",
    "every": "seconds between two looks",
    "flows": "play the user flows at each look, too: they write test data, and take it away",
    "rollback": "auto, ask or never, instead of the inventory's watch.rollback",
    "confirm": "so many looks in a row must be ill (default: the inventory's)",
    "settle": "seconds after a deploy in which nothing counts (default: the inventory's)",
}


@command("watch", changes=True, help=_HELP, formats=FORMATS_OF_A_RUN)
def watch(
    _context: Any,
    for_: str = "10m",
    every: int = 15,
    flows: bool = False,
    rollback: str | None = None,
    confirm: int = 0,
    settle: int = -1,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Watch a deploy: what is ill for several looks, and a rollback would cure, is rolled back if the policy allows."""
    from hummii_ops.scenarios.deploy_watch import POLICIES, DeployWatch

    span_s = span_of(for_)
    if not 1 <= every <= 3600 or confirm < 0 or settle < -1:
        raise UsageError("--every is 1 to 3600 seconds; --confirm and --settle are from 0 up")
    environment = session.choose(env)
    policy = next((one for one in POLICIES if one == (rollback or environment.watch.rollback)), None)
    if policy is None:
        raise UsageError(f"--rollback is {', '.join(POLICIES)}, not {rollback!r:.40}")
    sites = session.reach(environment, limit)
    folding = DeployWatch(
        confirm=confirm or environment.watch.confirm, settle_s=environment.watch.settle_s if settle < 0 else settle
    )
    kept = session.runs_dir().parent / "watch" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    say().print(f"watching {environment.name} for {for_}; rollback: {policy}; Ctrl-C ends it", style="dim")
    story = Story(kept=kept)
    with suppress(KeyboardInterrupt):
        for one, snapshots in _looks(sites, span_s=span_s, every_s=every, flows=flows):
            if _goes_on(story, folding, one, snapshots, sites, policy):
                break
    return reply_of(environment, policy, story)


def _looks(
    sites: Sequence[Site], *, span_s: float, every_s: float, flows: bool
) -> Iterator[tuple[Look, Sequence[Snapshot]]]:
    """A look at all hosts, again and again until the time is over; at least one."""
    from hummii_ops.scenarios.watch import Look, look
    from hummii_ops.tasks.health import looking

    until = time.monotonic() + span_s
    while True:
        began, at, links = time.monotonic(), datetime.now(UTC), list[Site]()
        try:
            for site in sites:  # one by one: each that is open is closed, though the next cannot be reached
                links.append(replace(site, transport=site.place.connect()))
            seen = [looking.see(link, settle_s=1, left=Event(), flows=flows) for link in links]
            measured = [measurement for each in seen for measurement in each.measurements]
            yield look(at, measured), [each.snapshot for each in seen]
        except (HummiiError, LinkLost) as error:
            yield Look(at=at, why=printable(str(error).splitlines()[0])), ()
        finally:
            for link in links:
                link.transport.close()
        pause = max(every_s - (time.monotonic() - began), 0)
        if time.monotonic() + pause >= until:
            return
        time.sleep(pause)


def _goes_on(
    story: Story, folding: DeployWatch, one: Look, snapshots: Sequence[Snapshot], sites: Sequence[Site], policy: Policy
) -> bool:
    """Fold one look, and act on it; True when there is nothing left to watch."""
    from hummii_ops.scenarios.deploy_watch import at_work, running_on

    service = sites[0].environment.version_service
    kind = folding.see(one, running_on(snapshots, service), at_work=at_work(snapshots))
    with story.kept.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(one) | {"at": one.at.isoformat(), "seen": kind}) + "\n")
    story.looks, story.ill = story.looks + 1, story.ill + (kind in ("ill", "breach"))
    story.unseen += kind == "unseen"
    if kind != story.last or one.ill:
        story.note(kind, ", ".join(one.ill) or one.why or kind)
    story.last = kind
    return kind == "breach" and breached(story, one, snapshots, sites, policy)


def reply_of(environment: Environment, policy: Policy, story: Story) -> Reply:
    code = story.exit_code
    verdict = {ExitCode.DONE: "pass", ExitCode.DEGRADED: "fail"}.get(code, VERDICTS.get(code, "inconclusive"))
    body = {
        "environment": environment.name,
        "policy": policy,
        "end": story.end,
        "looks": story.looks,
        "ill": story.ill,
        "unseen": story.unseen,
        "turns": story.turns,
        "called_for": story.called or None,
        "next": story.next_command or None,
        "run_id": story.run.body["run_id"] if story.run else None,
        "samples": str(story.kept),
    }

    def show(console: Console) -> None:
        console.print(printable(f"{verdict}: {story.end}, {story.looks} looks, {story.ill} ill"), markup=False)
        if story.called and story.run is None:
            console.print(printable(f"  a person is needed: {story.called}"), style="bold", markup=False)
            console.print(f"  next: {story.next_command}", markup=False)
        if story.run is not None:
            console.print(f"  next: fab verify; to take it back: fab undo --run={body['run_id']}", markup=False)

    return Reply(kind="watch", body=body, exit_code=code, verdict=verdict, show=show)


ALL = (watch,)
