"""The one seam over Fabric's program.

Wrong usage exits with 2, flags that would make reads lie are refused, and no thread left behind has a say in the end.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from invoke.exceptions import CollectionNotFound, Exit, ParseError

from hummii_ops.errors import ExitCode, HummiiError
from hummii_ops.tasks import menu
from hummii_ops.tasks.call.way_out import let_go_of_stdout

_FIRST = """\
Production is broken? In this order (more: docs/3am.md):

  fab status
  fab rollback --latest --reason="what you see"
  fab verify

"""


def install(program: Any) -> None:
    """Wrap this program's parsing and execution; called once by the fabfile, while Fabric loads it."""
    _open_what_is_closed()
    program.parse_tasks = _usage_is_2(program, program.parse_tasks)
    program.execute = _checked(program, program.execute)
    program.no_tasks_given = _tasks_if_none(program, program.no_tasks_given)
    program.parse_cleanup = _until_nobody_reads(program.parse_cleanup)


def _open_what_is_closed() -> None:
    """`fab … >&-`: nobody reads what would be written there, and no file opened later may take its place."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            os.set_inheritable(number, True)  # nor may a file of a program that we start
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", errors="backslashreplace"))


def _until_nobody_reads(show: Callable[[], None]) -> Callable[[], None]:
    """Help and lists end quietly when who reads them has seen enough: `fab --list | head`."""

    def parse_cleanup() -> None:
        try:
            show()
            sys.stdout.flush()
        except BrokenPipeError:
            let_go_of_stdout()
            raise Exit(code=0) from None

    return parse_cleanup


def _tasks_if_none(program: Any, otherwise: Callable[[], None]) -> Callable[[], None]:
    """A bare `fab` shows what to type when production is broken, and every task; not Fabric's own flags."""

    def no_tasks_given() -> None:
        if program._remainder_only:  # fab … -- COMMAND
            otherwise()
            return
        sys.stdout.write(_FIRST)
        program.list_tasks()
        sys.stdout.write("The flags of a task: fab --help TASK\n")
        raise Exit

    return no_tasks_given


def _usage_is_2(program: Any, parse: Callable[[], None]) -> Callable[[], None]:
    def parse_tasks() -> None:
        try:
            parse()
        except (ParseError, CollectionNotFound) as error:
            raise Exit(_in_our_words(str(error), program), code=int(ExitCode.USAGE)) from error
        except ValueError as error:  # a flag's text that is not the number it should be
            value = re.search(r"'.*'", str(error))
            said = f"usage: a flag needs a whole number, not {value[0] if value else 'that'}"
            said += "\n  next: see the flags: fab --help TASK"
            raise Exit(said, code=int(ExitCode.USAGE)) from error

    return parse_tasks


def _in_our_words(said: str, program: Any) -> str:
    """Invoke's complaint, with the nearest task or flag and the next command."""
    unknown = re.fullmatch(r"No idea what '(.*)' is!", said, re.DOTALL)
    if unknown is None:
        return f"usage: {said}\n  next: see the flags of a task: fab --help TASK"
    word = unknown[1]
    names = menu.names()
    if word.startswith("-"):
        contexts = program.collection.to_contexts()
        names = sorted({flag for context in contexts for flag in context.flag_names() if flag.startswith("--")})
    if re.fullmatch(r"[0-9][0-9A-Za-z._-]{0,80}", word) and "rollback" in sys.argv:
        return f"usage: a release is named by a flag: fab rollback --to={word}\n  next: which there are: fab releases"
    flags = {flag for context in program.collection.to_contexts() for flag in context.flag_names()}
    if f"--{word}" in flags:
        return f"usage: {word!r:.80} is a flag: write --{word}\n  next: see the flags: fab --help TASK"
    names = [name for name in names if not name.startswith("lab.") or word.startswith("lab")]
    near = get_close_matches(word.partition("=")[0], names, n=3, cutoff=0.6)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    if word.startswith("-"):
        task = next((one for one in sys.argv[1:] if one in menu.names()), "TASK")
        return f"usage: there is no flag {word!r:.80}{hint}\n  next: see the flags: fab --help {task}"
    return f"usage: there is no task {word!r:.80}{hint}\n  next: see the tasks: fab --list"


def _checked(program: Any, execute: Callable[[], None]) -> Callable[[], None]:
    def checked() -> None:
        _refuse_foreign_flags(program)
        _refuse_company(program)
        try:
            execute()
        except HummiiError as error:  # of a task outside our frame: the lab's
            raise Exit(f"{error.verdict}: {error.what}\n  next: {error.remedy}", code=int(error.exit_code)) from error
        except Exit as ended:
            if not ended.message:
                _leave(ended.code)
            raise
        _leave(ExitCode.DONE)

    return checked


def _leave(code: int) -> None:
    """End the process at once: all is said, and what a thread left behind does now must not become our exit code.

    Python's own end runs OpenSSL's while such a thread may be inside it: 3 of 150 ends were a crash (-11), measured
    with one that loads the trusted certificates. Who cannot be told (a closed pipe) is left to Python's own end.
    """
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return
    os._exit(code)


def _refuse_foreign_flags(program: Any) -> None:
    if program.args.dry.value:
        raise Exit(
            "Fabric's --dry runs nothing, so that every read would lie\n  next: use --dry-run after the task's name",
            code=int(ExitCode.USAGE),
        )
    if program.args.hosts.value:
        raise Exit(
            "-H/--hosts would run the task once for each host, without one plan\n"
            "  next: use --limit=HOST,HOST after the task's name; hosts stand in inventory.yml",
            code=int(ExitCode.USAGE),
        )


def _refuse_company(program: Any) -> None:
    """A task that changes something stands alone: two in a call would hide each other's end."""
    named = [context.name for context in program.tasks]
    changing = [name for name in named if getattr(program.collection[name], "changes", False)]
    if changing and len(named) > 1:
        raise Exit(
            f"{changing[0]} changes something, so it stands alone; this call names {', '.join(named)}\n"
            "  next: call them one after another",
            code=int(ExitCode.USAGE),
        )
