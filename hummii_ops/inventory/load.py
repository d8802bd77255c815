"""Loads inventory.yml and the files that its environments include, and chooses an environment.

It reads local files only, never a host, and fetches no secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from hummii_ops.errors import UsageError
from hummii_ops.inventory.judge import judge_environment, judge_top
from hummii_ops.inventory.models import Environment
from hummii_ops.inventory.problems import InventoryErrors, Problem, nearest_name, problem_at
from hummii_ops.inventory.read import read_text
from hummii_ops.inventory.written import Null, Place, Table, Text, Written, overlay

_INIT = "fab init --host=user@server"


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """The environments of one inventory file.

    `waiting` holds, by environment, the problems of the files that environments include: they are told when
    that environment is chosen, for a file that is missing must not stop work on another environment.
    """

    path: Path
    default: str | None
    environments: Mapping[str, Environment]
    waiting: Mapping[str, tuple[Problem, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all environments, also of those that cannot be chosen now."""
        return tuple(sorted({*self.environments, *self.waiting}))

    def choose(self, name: str | None, *, environ: Mapping[str, str] | None = None) -> Environment:
        """Return the environment `name`, else $HUMMII_ENV, else `default:`, else `lab` if it is the only one.

        Raises UsageError when there is none of that name or none is meant, InventoryErrors when the file
        that it includes is missing or wrong.
        """
        said = name or (os.environ if environ is None else environ).get("HUMMII_ENV") or self.default
        if not said and self.names == ("lab",):
            said = "lab"
        known = ", ".join(self.names)
        if not said:
            raise UsageError(f"say which environment is meant: {known}", remedy=f"add --env={self.names[0]}")
        if said in self.waiting:
            raise InventoryErrors(self.waiting[said])
        if said not in self.environments:
            nearest = nearest_name(said, self.names)
            hint = f'; did you mean "{nearest}"?' if nearest else ""
            what = f"there is no environment {said!r} in {self.path}{hint}"
            raise UsageError(what, remedy=f"choose one of them with --env: {known}")
        return self.environments[said]


def inventory_path(environ: Mapping[str, str] | None = None) -> Path:
    """Return $HUMMII_INVENTORY, else ./inventory.yml."""
    return Path((os.environ if environ is None else environ).get("HUMMII_INVENTORY") or "inventory.yml")


def load(path: Path) -> Inventory:
    """Load an inventory for work on one of its environments.

    Raises InventoryErrors with all mistakes of the file itself, UsageError when there is no such file.
    Mistakes of included files wait until their environment is chosen.
    """
    inventory, problems = _load(path)
    if problems:
        raise InventoryErrors(problems)
    return inventory


def check(path: Path) -> Inventory:
    """Load an inventory and all it includes. Raises as `load`, with the mistakes of all files at once."""
    inventory, problems = _load(path)
    problems += [problem for waiting in inventory.waiting.values() for problem in waiting]
    if problems:
        raise InventoryErrors(problems)
    return inventory


def _load(path: Path) -> tuple[Inventory, list[Problem]]:
    text = _read_inventory(path)
    if isinstance(text, Problem):
        raise InventoryErrors([text])
    root, problems = read_text(text, file=path)
    if not (problems and isinstance(root, Null)):
        problems += judge_top(root)
    environments: dict[str, Environment] = {}
    waiting: dict[str, tuple[Problem, ...]] = {}
    for name, written in _written_environments(root).items():
        environment, here, elsewhere = _load_environment(name, written, inventory=path)
        problems += here
        if elsewhere:
            waiting[name] = tuple(_once(elsewhere))
        elif environment is not None:
            environments[name] = environment
    inventory = Inventory(
        path=path,
        default=_written_default(root),
        environments=MappingProxyType(environments),
        waiting=MappingProxyType(waiting),
    )
    return inventory, _once(problems)


def _once(problems: list[Problem]) -> list[Problem]:
    """Sort by place, and tell one mistake once.

    What stands behind an anchor is met again for each alias; what cannot be read is also judged missing.
    """
    once: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        key = problem.path.rpartition(".")[2]
        once.setdefault((problem.file, problem.line, problem.column, key), problem)
    return sorted(once.values(), key=lambda problem: (problem.line, problem.column))


def _load_environment(
    name: str, written: Written, *, inventory: Path
) -> tuple[Environment | None, list[Problem], list[Problem]]:
    """Return the environment if all is well, the problems of inventory.yml, those of the included file."""
    elsewhere: list[Problem] = []
    include = written.entries.get("include") if isinstance(written, Table) else None
    if isinstance(written, Table) and include is not None and isinstance(include.value, Text):
        under, elsewhere = _read_include(include.value, name, inventory=inventory)
        written = overlay(under, written) if under else written
    judged = judge_environment(
        name,
        written,
        folder=inventory.absolute().parent,
        ssh_config=_user_ssh_config(),
        partly=bool(elsewhere),
    )
    if isinstance(judged, Environment):
        return judged, [], elsewhere
    here = [problem for problem in judged if problem.file == inventory]
    return None, here, elsewhere + [problem for problem in judged if problem.file != inventory]


def _read_include(include: Text, name: str, *, inventory: Path) -> tuple[Table | None, list[Problem]]:
    """Return what the included file says (None if it cannot be used) and the problems of its form."""
    path = ("environments", name)
    try:
        file = inventory.parent / Path(include.text).expanduser()
        read = _decode(file.read_bytes(), file)
    except (OSError, RuntimeError, ValueError) as error:
        is_lab = ".lab" in Path(include.text).parts
        remedy = "run: fab lab.up" if is_lab else "write that file, or take the include out of inventory.yml"
        why = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        message = f"the included file {why}"
        return None, [problem_at(include.place, message, path=(*path, "include"), remedy=remedy)]
    if isinstance(read, Problem):
        return None, [read]
    root, problems = read_text(read, file=file, at=path)
    if not isinstance(root, Table):
        return None, problems or [problem_at(root.place, "must be a mapping (`key: value`)", path=path)]
    if (entry := root.entries.get("include")) is not None:
        message = "an included file cannot include another"
        problems.append(problem_at(entry.key_place, message, path=(*path, "include")))
    return root, problems


def _read_inventory(path: Path) -> str | Problem:
    try:
        return _decode(path.read_bytes(), path)
    except FileNotFoundError:
        raise UsageError(
            f"there is no {path}", remedy=f"run it in the project's folder, or begin with: {_INIT}"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", remedy=f"look at: ls -ld {path}") from None


def _decode(content: bytes, file: Path) -> str | Problem:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        place = Place(file=file, line=before.count("\n") + 1, column=len(before) - (before.rfind("\n") + 1) + 1)
        return problem_at(place, "not UTF-8 text")


def _written_environments(root: Written) -> Mapping[str, Written]:
    entry = root.entries.get("environments") if isinstance(root, Table) else None
    if entry is None or not isinstance(entry.value, Table):
        return {}
    return {name: environment.value for name, environment in entry.value.entries.items()}


def _written_default(root: Written) -> str | None:
    entry = root.entries.get("default") if isinstance(root, Table) else None
    return entry.value.text if entry is not None and isinstance(entry.value, Text) else None


def _user_ssh_config() -> Path | None:
    try:
        file = Path.home() / ".ssh" / "config"
        return file if file.is_file() else None
    except (RuntimeError, OSError):  # no home, or one that may not be looked into
        return None
