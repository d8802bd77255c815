"""The mistakes of an inventory: what is wrong, exactly where, and the nearest right name.

A problem must never quote a value that could be a secret: it names the key and the place only.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hummii_ops.errors import UsageError
from hummii_ops.inventory.written import Place, Step

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_KEY_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake.

    `line` and `column` count from 1; `path` is the key's path (`environments.lab.hosts[0].prot`), "" for the
    whole file; `nearest` is the right name that was probably meant; `remedy` is the command that mends this
    very problem, "" when the remedy is to correct the file.
    """

    file: Path
    line: int
    column: int
    path: str
    message: str
    nearest: str | None = None
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        if self.path:
            where += f" {self.path}"
        hint = f'; did you mean "{self.nearest}"?' if self.nearest is not None else ""
        return f"{where}: {self.message}{hint}"


class InventoryErrors(UsageError):
    """All mistakes that were found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        remedies = dict.fromkeys(problem.remedy for problem in self.problems)
        remedy = "correct the file, then run: fab config.check"
        if len(remedies) == 1 and "" not in remedies:
            remedy = next(iter(remedies))
        super().__init__("\n".join(str(problem) for problem in self.problems), remedy=remedy)


def problem_at(
    place: Place, message: str, *, path: Sequence[Step] = (), nearest: str | None = None, remedy: str = ""
) -> Problem:
    """Return a problem at a place of the file."""
    return Problem(
        file=place.file,
        line=place.line,
        column=place.column,
        path=show_path(path),
        message=message,
        nearest=nearest,
        remedy=remedy,
    )


def show_path(path: Sequence[Step]) -> str:
    """Return `("hosts", 0, "port")` as `hosts[0].port`; a key with unusual characters is shown in quotes."""
    shown = ""
    for step in path:
        match step:
            case int():
                shown += f"[{step}]"
            case str():
                shown += f".{show_key(step)}" if shown else show_key(step)
    return shown


def show_key(key: str) -> str:
    """Return a key as one short printable word, whatever it holds."""
    if len(key) > _LONGEST_KEY_SHOWN:
        key = key[: _LONGEST_KEY_SHOWN - 1] + "…"
    if _PLAIN_KEY.fullmatch(key):
        return key
    return json.dumps(key, ensure_ascii=not key.isprintable())


def nearest_name(name: str, right_names: Iterable[str]) -> str | None:
    """Return the right name that is nearest to `name`, or None when none is near."""
    near = difflib.get_close_matches(name, list(right_names), n=1)
    return near[0] if near else None
