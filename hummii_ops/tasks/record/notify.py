"""Tasks about telling people: notify.check, notify.preview, notify.flush, and announce. They reach no host."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from rich.console import Console

from hummii_ops.errors import ExitCode, UsageError
from hummii_ops.inventory import Environment, inventory_path
from hummii_ops.inventory.channels import Notify
from hummii_ops.run.ship import About, new_run_id
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.reply import told
from hummii_ops.tasks.reply.record_writer import writer
from hummii_ops.tasks.reply.runview import check_run_id
from hummii_ops.transport import printable

if TYPE_CHECKING:
    from hummii_ops.telling.teller import Teller

_FLUSH_S = 60.0
_SAID_BY_HAND = ("announced", "monitoring-ok", "regressed")
_SAMPLE = {
    "task": "rollback",
    "hosts": "prod-1, prod-2",
    "from": "1.1",
    "to": "1.0",
    "who": "you@laptop",
    "reason": "orders fail since 1.1",
    "result": "What happened stands here.",
    "outage": "4.2 s",
    "step": "prod-1: api runs the release's image",
    "next": "Next: fab status",
    "text": "The words of whoever announces.",
}


@command("check")
def check(_context: Any, env: str | None = None, format: str = "text") -> Reply:
    """Ask every channel whether it could be used, without telling anyone; 10 if one could not."""
    environment = session.choose(env)
    found = [_asked(one, environment) for one in notify_of(environment).channels]
    fine = all(one["ok"] for one in found)

    def show(console: Console) -> None:
        for one in found:
            sign, style = ("✓", "green") if one["ok"] else ("✗", "red")
            console.print(f"{sign} {one['channel']} ({one['kind']}, {one['audience']}): {one['said']}", style=style)

    return Reply(
        kind="notify-check",
        body={"environment": environment.name, "channels": found},
        exit_code=ExitCode.DONE if fine else ExitCode.INCONCLUSIVE,
        verdict="pass" if fine else "inconclusive",
        show=show,
    )


def _asked(channel: Any, environment: Environment) -> dict[str, Any]:
    from hummii_ops.telling.channels.channel import NotSent
    from hummii_ops.telling.opening import open_channel

    try:
        ok, said = True, open_channel(channel, notify_of(environment), environment).check()
    except NotSent as error:
        ok, said = False, str(error)
    return {
        "channel": channel.name,
        "kind": channel.kind,
        "audience": channel.audience,
        "ok": ok,
        "said": printable(said),
    }


@command("preview", help={"kind": "only this: planned, started, step, verifying, succeeded, failed, restored, …"})
def preview(_context: Any, kind: str | None = None, env: str | None = None, format: str = "text") -> Reply:
    """What each audience of the channels would read, with example facts; nothing is sent."""
    from hummii_ops.telling.outbox import KINDS
    from hummii_ops.telling.preview import previews

    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind: there is no {kind!r:.40}", remedy=f"one of: {', '.join(KINDS)}")
    environment = session.choose(env)
    facts = _SAMPLE | {"environment": environment.name}
    found = [one for one in previews(notify_of(environment), facts) if kind in (None, one["kind"])]

    def show(console: Console) -> None:
        for one in found:
            console.print(f"{one['kind']} · {one['audience']}", style="bold")
            console.print("".join(f"  {line}\n" for line in (one["title"] + "\n" + one["text"]).splitlines()), end="")

    return Reply(kind="notify-preview", body={"environment": environment.name, "messages": found}, show=show)


@command("flush", help={"run": "id of the run whose messages are to be sent"})
def flush(_context: Any, run: str | None = None, env: str | None = None, format: str = "text") -> Reply:
    """Send what of a run could not be told at its time; waits up to a minute. 10 if something is still not out."""
    if run is None:
        raise UsageError("say which run: --run=RUN", remedy="see the runs: fab runs")
    environment = session.choose(env)
    notify, folder = notify_of(environment), session.runs_dir() / check_run_id(run)
    if not (folder / "outbox.jsonl").is_file():
        raise UsageError(f"nothing was told about {run} from here", remedy=f"its messages would be in {folder}")
    from hummii_ops.telling.teller import Teller

    teller = Teller(folder, notify, inventory=inventory_path(), environment=environment.name)
    recorded = (folder / "report.json").is_file()  # it says what was not delivered then
    return _flushed(teller, notify, folder, run, writer(folder, environment) if recorded else None)


def _flushed(teller: Teller, notify: Notify, folder: Path, run: str, after: Callable[[], None] | None = None) -> Reply:
    from hummii_ops.telling.teller import undelivered

    before = sum(len(one.kinds) for one in undelivered(folder, notify))
    left = teller.flush(_FLUSH_S, anew=True)
    sent = before - sum(len(one.kinds) for one in left)
    body = {
        "run_id": run,
        "sent": sent,
        "undelivered": [{"channel": one.channel, "kinds": list(one.kinds), "why": one.why} for one in left],
    }

    def show(console: Console) -> None:
        console.print(f"{sent} sent" if sent or left else "everything was delivered", markup=False)
        for line in told.lines(left, run):
            say().print(f"  {line}", style="yellow", markup=False)

    code = ExitCode.INCONCLUSIVE if left else ExitCode.DONE
    verdict = "inconclusive" if left else "pass"
    return Reply(kind="notify-flush", body=body, exit_code=code, verdict=verdict, show=show, after=after)


@command(
    "announce",
    help={
        "text": "what to tell, in a line",
        "kind": "announced, monitoring-ok (it was watched, and is well), or regressed (it is ill again)",
        "run": "the run that this belongs to: told in its thread; default: a thread of its own",
    },
)
def announce(
    _context: Any,
    text: str = "",
    kind: str = "announced",
    run: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Tell people something through the channels of the environment; changes nothing on any host."""
    environment = session.choose(env)
    notify = notify_of(environment)
    if kind not in _SAID_BY_HAND:
        raise UsageError(f"--kind is one of {', '.join(_SAID_BY_HAND)}, not {kind!r:.40}")
    if not text.strip() or len(text) > 2000:
        raise UsageError("announce needs a text of at most 2000 characters", remedy='fab announce --text="…"')
    run_id = check_run_id(run) if run else new_run_id("announce")
    folder = session.runs_dir() / run_id
    if run and not folder.is_dir():
        raise UsageError(f"{run} is not kept here", remedy="without --run it is told in a thread of its own")
    about = About(
        run_id=run_id, task="announce", who=session.who(), reason="", since_ms=int(time.time() * 1000), hosts=()
    )
    telling = told.announcer(environment, about)
    telling.say(kind, text=text)  # type: ignore[arg-type]  # one of _SAID_BY_HAND
    return _flushed(telling.teller, notify, folder, run_id)


def notify_of(environment: Environment) -> Notify:
    """Its channels. Raises UsageError where there are none."""
    if environment.notify is None:
        raise UsageError(
            f"{environment.name} has no channels", remedy="write `notify:` into inventory.yml; see docs/guide.md"
        )
    return environment.notify


namespace = Collection("notify", check, preview, flush)
ALL = (announce,)
