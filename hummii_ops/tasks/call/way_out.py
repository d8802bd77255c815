"""How a call ends: its reply is printed, what comes after it is done, and the exit code is the reply's."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit

from hummii_ops.errors import ExitCode
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.telling import job_log
from hummii_ops.transport.text import printable

if TYPE_CHECKING:
    from hummii_ops.telling.lines import EventLines

# C1, the marks of direction, and the two separators of lines; json.dumps sees to the rest.
_TURNS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# Nobody waits in the dark for whoever reads.
_PATIENT_S = 5.0


def end(reply: Reply, format: str, lines: EventLines | None = None) -> None:
    """Print the reply after the events of its run, do what comes after it, and leave with its exit code.

    A program that reads it may take its time. That is said after a while; Ctrl-C leaves, with that same exit code.
    """
    waiting = Timer(_PATIENT_S, _waits_for_a_reader, (int(reply.exit_code),))
    waiting.daemon = True
    enough = False
    try:
        if format in ("json", "jsonl"):
            waiting.start()
            if lines is not None:
                lines.close()
            sys.stdout.write(_as_json(reply.document(), in_a_line=format == "jsonl") + "\n")
            sys.stdout.flush()
        else:
            from rich.console import Console

            reply.show(Console(highlight=False, soft_wrap=True, emoji=False))
    except (BrokenPipeError, SystemExit):  # rich leaves with 1 then; who reads has seen enough, our code is what counts
        let_go_of_stdout()
    except KeyboardInterrupt:
        let_go_of_stdout()
        enough = lines is not None
    finally:
        waiting.cancel()
        _annotate(reply)
        afterwards(reply)
    if enough:  # what writes the lines holds stdout: it would be waited for at the exit
        os._exit(int(reply.exit_code))
    if reply.exit_code != ExitCode.DONE:
        raise Exit(code=int(reply.exit_code))


def _waits_for_a_reader(code: int) -> None:
    """By the descriptor: who reads stderr may stand still as well, and nobody may then wait for a lock of ours."""
    leave = "" if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else f"; Ctrl-C leaves with {code}"
    with suppress(OSError):
        os.write(2, f"note: the answer ({code}) is not read yet{leave}\n".encode())


def let_go_of_stdout() -> None:
    """Nobody reads it any more: what is still buffered goes nowhere, so that nothing is left to fail at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_json(document: dict[str, Any], *, in_a_line: bool) -> str:
    """As it is in every script; what would turn or clear a screen is escaped, which means the same to a parser."""
    text = json.dumps(document, indent=None if in_a_line else 2, ensure_ascii=False, default=str)
    return _TURNS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _annotate(reply: Reply) -> None:
    """In a job of GitHub Actions: one line at the top of its page, instead of somewhere in its log."""
    if reply.exit_code == ExitCode.DONE or not job_log.wanted(os.environ):
        return
    body = reply.body
    said = [str(body[key]) for key in ("error", "run_id") if body.get(key)]
    said += [f"next: {body['remedy']}"] if body.get("remedy") else []
    title = f"{reply.kind if reply.kind != 'error' else 'fab'}: {reply.verdict} ({int(reply.exit_code)})"
    say().print(job_log.error(title, printable("\n".join(said or [title]))), markup=False)


def afterwards(reply: Reply) -> None:
    """Whatever goes wrong here is a note: the run has ended, and its exit code is what counts."""
    if reply.after is None:
        return
    try:
        reply.after()
    except KeyboardInterrupt:
        say().print("note: left before the report was written", style="dim")
    except Exception as error:
        say().print(f"note: the report could not be written: {error}", style="dim", markup=False)
