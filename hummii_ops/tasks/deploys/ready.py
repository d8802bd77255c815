"""fab ready: could production be brought back, should it be needed tonight? Green, or exactly what to do. For cron.

Reads only, and never asks; --restore alone makes a run, beside the served database, and takes it away again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hummii_ops.checks import exit_code_of
from hummii_ops.errors import HostKeyError, HummiiError, UsageError
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment, Host
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import ask, command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.health.verify_page import SIGNS
from hummii_ops.transport import LinkLost, Pool, Transport, endpoint_of, printable

if TYPE_CHECKING:
    from hummii_ops.readiness.line import Line

HERE = "here"  # the host of what is no host's: channels, dates
_MOST_AT_ONCE = 8
_SAID = {
    "pass": ("green", "ready: a rollback can be made at any time"),
    "inconclusive": ("yellow", "a rollback can be made; but see to the yellow ones"),
    "error": ("yellow", "not known: some of it could not be looked at"),
    "fail": ("bold red", "not ready: see to the red ones now, while nothing is on fire"),
}
_HELP = {
    "restore": "also restore the newest backup beside the served database, prove it there, and drop it again",
    "metrics": "write what was found to this file too, for Prometheus's textfile collector (NAME.prom)",
    "all": "show each line, also those that are green",
}


@command("ready", help=_HELP)
def ready(
    _context: Any,
    restore: bool = False,
    metrics: str | None = None,
    all: bool = False,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Could production be brought back tonight: releases, backups, disks, tools, channels? Green, or what to do."""
    from hummii_ops.readiness import metrics as prometheus
    from hummii_ops.readiness.line import verdict_of

    environment = session.choose(env)
    if metrics is not None and not Path(metrics).name.endswith(".prom"):
        raise UsageError("--metrics: the collector reads only files that end in .prom", remedy="--metrics=hummii.prom")
    found = _looked(environment, session.hosts_of(environment, limit))
    if restore:
        found = [*found, *_drilled(environment, limit)]
    verdict = verdict_of(line for _, line in found)
    body = {"environment": environment.name, "lines": [line.as_json(host=host) for host, line in found]}
    if metrics is not None:
        prometheus.write(Path(metrics), prometheus.text(body, verdict, at_s=round(time.time(), 3)))

    def show(console: Console) -> None:
        _show(console, environment, found, every=all)
        style, words = _SAID[verdict]
        console.print(f"{verdict}: {environment.name} is {words}", style=style, markup=False)

    return Reply(kind="ready", body=body, exit_code=exit_code_of(verdict), verdict=verdict, show=show)


def _looked(environment: Environment, hosts: Sequence[Host]) -> list[tuple[str, Line]]:
    """Each line with its host; all hosts, and the channels, at once."""
    from hummii_ops.readiness import upkeep

    with Pool() as pool, ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="ready") as threads:
        told = threads.submit(_channels, environment)
        answers = pool.connect_all([endpoint_of(environment, host) for host in hosts])
        each = list(threads.map(lambda host: host_lines(environment, host, answers[host.name]), hosts))
        snapshots = [snapshot for snapshot, _ in each if snapshot is not None]
        here = [*told.result(), *upkeep.lines(environment.ready, snapshots, datetime.now(UTC).date())]
    found = [(host.name, line) for host, (_, lines) in zip(hosts, each, strict=True) for line in lines]
    return found + [(HERE, line) for line in here]


def host_lines(
    environment: Environment, host: Host, answer: Transport | HummiiError
) -> tuple[Snapshot | None, Sequence[Line]]:
    """All of one host. What cannot be reached is a line as well: the other hosts, and cron, want an answer."""
    from hummii_ops.readiness.line import green, red, unseen
    from hummii_ops.readiness.look import look

    source = "fab status"
    if isinstance(answer, HostKeyError):
        return None, [red("host-key", answer.what, answer.remedy, source=source)]
    if isinstance(answer, HummiiError):
        return None, [unseen("link", answer.what, answer.remedy, source=source)]
    site = Site(environment=environment, host=host, endpoint=endpoint_of(environment, host), transport=answer)
    key = green("host-key", "the host's key is the one on record", source="ssh-keygen -F")
    try:
        snapshot = site.snapshot()
        return snapshot, [key, *look(answer, snapshot, environment, entry=site.entry, runs_dir=session.runs_dir())]
    except (HummiiError, LinkLost) as error:
        said = str(error).splitlines()[0]
        return None, [key, unseen("link", said, getattr(error, "remedy", "") or "try again", source=source)]


def _channels(environment: Environment) -> list[Line]:
    """As fab notify.check: nobody is told anything. A rollback goes without them, so none is red."""
    from hummii_ops.readiness.line import green, grey, yellow

    source = "fab notify.check"
    if environment.notify is None:
        return [grey("channel", "nobody is told of a run: inventory.yml has no notify", source=source)]
    from hummii_ops.tasks.record import notify

    found = ask(notify.check, env=environment.name).body["channels"]
    todo = "mend what it says, then: fab notify.check; until then nobody is told through it"
    return [
        green(f"channel.{one['channel']}", one["said"], source=source)
        if one["ok"]
        else yellow(f"channel.{one['channel']}", one["said"], todo, source=source)
        for one in found
    ]


def _drilled(environment: Environment, limit: str | None) -> list[tuple[str, Line]]:
    """The newest backup restored beside, on each host: `fab check-backup --restore`."""
    from hummii_ops.readiness.line import green, red, unseen
    from hummii_ops.tasks.database import check_backup

    source, name = "fab check-backup --backup=latest --restore", "restore"
    try:
        reply = ask(check_backup.check_backup, backup="latest", restore=True, limit=limit, env=environment.name)
    except (HummiiError, LinkLost) as error:
        return [(HERE, unseen(name, str(error).splitlines()[0], getattr(error, "remedy", "") or source, source=source))]
    return [
        (one["host"], green(name, f"{one['name']} was restored, proven, and dropped again", source=source))
        if one["restored"]
        else (one["host"], red(name, "; ".join(one["reasons"]), 'fab backup-db --reason="…"', source=source))
        for one in reply.body["backups"]
    ]


def _show(console: Console, environment: Environment, found: Sequence[tuple[str, Line]], *, every: bool) -> None:
    """What is not green, each with what to do; the green ones of a host share a line."""
    for host in dict.fromkeys(host for host, _ in found):
        mine = [line for name, line in found if name == host]
        console.print(f"{environment.name} · {host}", style="bold", markup=False)
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for least in (1, 12, 20):
            table.add_column(overflow="fold", min_width=least)
        for line in mine:
            if every or line.look.verdict not in ("pass", "skipped"):
                table.add_row(SIGNS[line.look.verdict], line.look.name, _said(line))
        if not every:
            well = [line.look.name for line in mine if line.look.verdict == "pass"]
            if well:
                table.add_row(SIGNS["pass"], f"{len(well)} green", Text(printable(", ".join(well))))
        console.print(table)


def _said(line: Line) -> Text:
    """What is seen, and under it what to do."""
    text = Text(printable(line.look.reason))
    return text.append(f"\n→ {printable(line.todo)}", style="bold") if line.todo else text


ALL = (ready,)
