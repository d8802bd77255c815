"""fab followups: what the procedure asks for after a rollback, kept in the run's folder on this machine.

People tick; a program ticks only what it has looked at and found well. Nothing on a host is changed but the mark that
`fab verify` keeps.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from hummii_ops.errors import Refused, UsageError
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.flags import check_reason
from hummii_ops.tasks.call.frame import ask, command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.health.verify import verify
from hummii_ops.tasks.record.followup_issues import opened
from hummii_ops.tasks.record.reporting import folder_of
from hummii_ops.transport import printable

if TYPE_CHECKING:
    from hummii_ops.telling.report.followups import Followup

_SIGNS = {"done": "[green]✓[/]", "open": "[dim]·[/]", "late": "[bold red]![/]"}


@command(
    "followups",
    help={
        "done": "tick this one: its id",
        "owner": "who has it: NAME for all that are open and have nobody, or ID:NAME",
        "execute": "look at what a program can look at (fab verify), and keep what it saw as evidence",
        "open_issues": "open a GitHub issue for each that is not done; one that is there stays one",
    },
)
def followups(
    _context: Any,
    run: str | None = None,
    done: str = "",
    owner: str = "",
    execute: bool = False,
    open_issues: bool = False,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """What the procedure asks for in the hour, the day and the week after a rollback: open, done or late, and whose."""
    from hummii_ops.telling.report import followups as lists

    environment = session.choose(env)
    folder = folder_of(environment, run, tasks=("rollback", "rollback-db"))
    ended_at, kept = _ended(folder), _kept(folder)
    now = datetime.now(UTC)
    items = lists.followups(ended_at, kept)
    if owner:
        items = lists.owned(items, *_owner(owner))
    if done:
        items = lists.done(items, _id(done), by=session.who(), at=now)
    if execute:
        items = lists.looked(items, _look(folder, env), at=now, file=_verify_name())
    if owner or done or execute:
        _keep(folder, items)
    if open_issues:
        items = opened(items, environment, folder.name, partial(_keep, folder))

    def show(console: Console) -> None:
        console.print(f"after {folder.name}, ended {ended_at:%Y-%m-%d %H:%M} UTC", style="bold", markup=False)
        for item in items:
            _show(console, item, now)
        console.print(f"  next: fab followups --run={folder.name} --done=ID", markup=False)

    body = {"run_id": folder.name, "ended_at": ended_at.isoformat(), "items": [one.as_json(now) for one in items]}
    return Reply(kind="followups", body=body, show=show)


def _ended(folder: Path) -> datetime:
    """When the run ended: all is due from then. Raises Refused for one that has not."""
    from hummii_ops.run import kept

    run = kept.read(folder)
    ends = [host.outcome.ended_at for host in run.hosts if host.ended]
    if len(ends) < len(run.hosts) or not all(ends):
        raise Refused(
            f"{folder.name} has not ended, as far as this machine knows",
            remedy=f"bring its end home: fab report --run={folder.name}",
        )
    return max(one for one in ends if one is not None)


def _kept(folder: Path) -> dict[str, Any]:
    from hummii_ops.run import kept

    items = (kept.read_object(folder / kept.FOLLOWUPS) or {}).get("items")
    return items if isinstance(items, dict) else {}


def _keep(folder: Path, items: tuple[Followup, ...]) -> None:
    from hummii_ops.run import kept, mirror

    text = json.dumps({"items": {one.id: one.kept() for one in items}}, indent=1, ensure_ascii=False)
    mirror.write(folder / kept.FOLLOWUPS, f"{text}\n".encode())


def _look(folder: Path, env: str | None) -> list[dict[str, Any]]:
    """What `fab verify` measures now; kept beside the run, where its record finds it."""
    from hummii_ops.run import mirror

    document = ask(verify, env=env).document()
    mirror.write(folder / _verify_name(), json.dumps(document, indent=1, default=str, ensure_ascii=False).encode())
    return list(document["measurements"])


def _verify_name() -> str:
    from hummii_ops.run import kept

    return kept.VERIFY


def _id(text: str) -> str:
    from hummii_ops.telling.report.followups import IDS

    if text not in IDS:
        raise UsageError(f"there is no follow-up {text!r:.60}", remedy=f"one of: {', '.join(IDS)}")
    return text


def _owner(text: str) -> tuple[str, str | None]:
    check_reason(text)
    id_, colon, name = text.partition(":")
    if not colon:
        return text.strip(), None
    if not name.strip():
        raise UsageError("--owner is NAME or ID:NAME", remedy="see the ids: fab followups")
    return name.strip(), _id(id_)


def _show(console: Console, item: Followup, now: datetime) -> None:
    state = item.state(now)
    when = f"done {item.done_at:%m-%d %H:%M} by {item.done_by}" if item.done_at else f"due {item.due_at:%m-%d %H:%M}"
    console.print(f"{_SIGNS[state]} {item.id:<20}", end="")
    console.print(printable(f" {state:<5} {when:<18} {item.owner or 'nobody yet'}: {item.words}"), markup=False)
    if item.issue:
        console.print(printable(f"    {item.issue}"), style="dim", markup=False)
    if item.evidence:
        seen = item.evidence
        words = f"    {seen.get('verdict')}: {seen.get('words')} ({seen.get('file')})"
        console.print(printable(words), style="dim", markup=False)


ALL = (followups,)
