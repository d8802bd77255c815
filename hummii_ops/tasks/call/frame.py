"""The frame around every task: its reply becomes one document or a page for people, its errors an exit code.

No traceback for what can be expected; a bug is exit 1 with the path of its log.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit
from invoke.tasks import task

from hummii_ops.errors import ExitCode, HummiiError, Interrupted, Unreachable
from hummii_ops.tasks.call.flags import check_flags, help_of
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.way_out import end
from hummii_ops.transport.protocol import LinkLost
from hummii_ops.transport.text import printable

if TYPE_CHECKING:  # loaded when something is shown, which may be while a host works
    from rich.console import Console

    from hummii_ops.telling.lines import EventLines

FORMATS = ("text", "json")
# Of a task that may carry a run: jsonl is json, and before it each event of the run, a line each.
FORMATS_OF_A_RUN = (*FORMATS, "jsonl")


def command(
    name: str,
    *,
    changes: bool = False,
    aliases: tuple[str, ...] = (),
    help: dict[str, str] | None = None,
    formats: tuple[str, ...] = FORMATS,
) -> Callable[[Callable[..., Reply]], Any]:
    """Make a task of a function that returns a Reply; `changes`: it may not share a call with another task."""

    def wrap(body: Callable[..., Reply]) -> Any:
        @functools.wraps(body)
        def run(context: Any, **flags: Any) -> None:
            with _events(flags.get("format", "text")) as lines:
                reply = answer(name, body, context, flags, formats)
            if reply.exit_code in (ExitCode.DETACHED, ExitCode.INTERRUPTED):
                # we leave already: a second Ctrl-C could only take away what is said, and the exit code with it
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            end(reply, flags.get("format", "text"), lines)

        made = task(name=name, aliases=aliases, auto_shortflags=False, help=help_of(body, formats, help or {}))(run)
        made.changes = changes
        return made

    return wrap


def _events(format: str) -> AbstractContextManager[EventLines | None]:
    """Where the events of a run are written while a task is at work."""
    if format != "jsonl":
        return nullcontext()
    from hummii_ops.telling import lines

    return lines.written_to(sys.stdout)


def answer(
    name: str, body: Callable[..., Reply], context: Any, flags: dict[str, Any], formats: tuple[str, ...] = FORMATS
) -> Reply:
    """The task's own reply, or the reply that its error makes."""
    try:
        check_flags(flags, formats)
        return body(context, **flags)
    except HummiiError as error:
        return of_error(error)
    except KeyboardInterrupt:
        return of_error(Interrupted("stopped before anything was changed"))
    except Exit:
        raise
    except LinkLost as lost:  # where a task has no better word for it; its own say whether the outcome is known
        return of_error(Unreachable(lost.what, remedy="see: fab status; then the same again"))
    except Exception:
        return of_error(HummiiError(f"a bug in hummii-ops, in {name}", remedy=f"its log: {write_log(name)}"))


def ask(task: Any, **flags: Any) -> Reply:
    """The reply of another task to the one that calls it: nothing is printed, and its errors are raised."""
    reply: Reply = task.body.__wrapped__(None, **flags)
    return reply


def of_error(error: HummiiError) -> Reply:
    """An error as a reply. Its words may quote a file, a name or a server: none of them may turn or clear a screen."""
    what, remedy = printable(error.what), printable(error.remedy)

    def show(_console: Console) -> None:
        people = say()
        people.print(f"[bold red]{error.verdict}:[/] ", end="")
        people.print(what, markup=False)
        if remedy:
            people.print("  next: ", style="bold", end="")
            people.print(remedy, markup=False)

    body = {"error": what, "remedy": remedy or None, "run_id": error.run_id}
    return Reply(kind="error", body=body, exit_code=error.exit_code, verdict=error.verdict, show=show)


def write_log(name: str) -> str:
    """The traceback of a bug, in a file only its owner can read: its path, or why there is none, with where it was.

    Never the bug's own words, outside of that file: they may quote anything.
    """
    kind, _, trace = sys.exc_info()
    text, last = traceback.format_exc(), traceback.extract_tb(trace)[-1:]
    folder = Path(".hummii-ops", "logs")
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        where = "".join(f" in {Path(one.filename).name}, line {one.lineno}" for one in last)
        return f"cannot be written here ({error.strerror}); it was {kind.__name__ if kind else '?'}{where}"
    return str(path)
