"""The one seam over Fabric's parser: wrong usage exits with 2, and flags that would make reads lie are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invoke.exceptions import CollectionNotFound, Exit, ParseError

from hummii_ops.errors import ExitCode


def install(program: Any) -> None:
    """Wrap this program's parsing and execution; called once by the fabfile, while Fabric loads it."""
    program.parse_tasks = _usage_is_2(program.parse_tasks)
    program.execute = _checked(program, program.execute)


def _usage_is_2(parse: Callable[[], None]) -> Callable[[], None]:
    def parse_tasks() -> None:
        try:
            parse()
        except (ParseError, CollectionNotFound) as error:
            raise Exit(f"{error}\n  next: see the tasks: fab --list", code=int(ExitCode.USAGE)) from error
        except ValueError as error:  # a flag's text that is not the number it should be
            said = f"a flag needs a whole number: {error}\n  next: see the flags: fab --help TASK"
            raise Exit(said, code=int(ExitCode.USAGE)) from error

    return parse_tasks


def _checked(program: Any, execute: Callable[[], None]) -> Callable[[], None]:
    def checked() -> None:
        _refuse_foreign_flags(program)
        _refuse_company(program)
        execute()

    return checked


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
