"""Adds an environment to the text of inventory.yml; what stands there already stays to the byte.

It never rewrites what a person wrote, and it reads its result again before anyone may write it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hummii_ops.errors import UsageError
from hummii_ops.inventory.fields import NAME, NAME_RULE
from hummii_ops.inventory.insert import insert_environment
from hummii_ops.inventory.problems import InventoryErrors
from hummii_ops.inventory.read import read_text
from hummii_ops.inventory.written import Plain, plain

_HEADER = "# The hosts that hummii-ops reaches over SSH. Check this file with: fab config.check\n"


def add_environment(path: Path, name: str, mapping: Mapping[str, Any], comment: str = "") -> str:
    """Return the text of the inventory at `path` with one more environment; a missing file begins anew.

    `mapping` is what stands under the name: str, int, float, bool, None, lists and dicts. `comment` stands
    above it. Writes nothing. Raises UsageError when the name is taken or not a name, or the file's layout
    leaves no room for it; InventoryErrors when the file is not valid YAML.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name an environment: it {NAME_RULE}", remedy="choose another --name")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            old = file.read()
    except FileNotFoundError:
        old = _HEADER
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"cannot read {path} as text", remedy=f"look at: ls -ld {path}") from None
    before = _read(old, path)
    if name in _environments(before):
        remedy = f"choose another --name, or take {name} out of {path} first"
        raise UsageError(f"there is an environment {name} in {path} already", remedy=remedy)
    new = insert_environment(old, name, _simple(mapping), comment=comment)
    expected = {**before, "environments": {**_environments(before), name: _as_written(mapping)}}
    if new is None or not _reads_as(new, expected, path):
        raise _cannot_add(path)
    return new


def write_atomically(path: Path, text: str) -> None:
    """Put `text` in the place of the file: whole or not at all. A symbolic link stays one, a mode stays."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o7777 if target.exists() else 0o644
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(text: str, path: Path) -> dict[str, Plain]:
    """Return the top of the file as plain values. Raises InventoryErrors."""
    if all(_is_blank(line) for line in text.splitlines()):
        return {}
    root, problems = read_text(text, file=path)
    if problems:
        raise InventoryErrors(problems)
    values = plain(root)
    if not isinstance(values, dict):
        raise _cannot_add(path)
    return values


def _reads_as(text: str, expected: dict[str, Plain], path: Path) -> bool:
    try:
        return _read(text, path) == expected
    except InventoryErrors:
        return False


def _environments(values: Mapping[str, Plain]) -> dict[str, Plain]:
    environments = values.get("environments")
    return environments if isinstance(environments, dict) else {}


def _cannot_add(path: Path) -> UsageError:
    return UsageError(
        f"cannot add to {path} as it is laid out",
        remedy="write `environments:` with one environment below the other, indented, then again",
    )


def _simple(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _simple(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_simple(inner) for inner in value]
        case None | bool() | int() | float():
            return value
    return str(value)


def _as_written(value: Any) -> Plain:
    """Return what reading gives for a value that was written: every scalar as its text."""
    match value:
        case Mapping():
            return {str(key): _as_written(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_as_written(inner) for inner in value]
        case None:
            return None
        case bool():
            return "true" if value else "false"
    return str(value)


def _is_blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")
