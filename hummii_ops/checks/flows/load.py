"""Reads the folder of flows: every flow that is right, and every mistake of all files at once, each with its place.

It reads local files only, and never quotes a value that could be a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hummii_ops.checks.flows.check_names import misnamed
from hummii_ops.checks.flows.models import Flow
from hummii_ops.inventory.fields import NAME, NAME_RULE
from hummii_ops.inventory.judge import explain
from hummii_ops.inventory.problems import Problem, nearest_name, problem_at
from hummii_ops.inventory.read import read_text
from hummii_ops.inventory.written import Items, Null, Place, Table, Text, Written

_REMEDY = "correct the file, then run: fab flows.check"
_LONGEST_NUMBER = 300
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The flows by name, and the mistakes in the order of files and lines."""

    folder: Path
    flows: Mapping[str, Flow]
    problems: tuple[Problem, ...]
    names: tuple[str, ...]  # of all files, also of those with mistakes


def load(folder: Path, *, allowed: tuple[str, ...] = ()) -> Loaded:
    """Load every flow of a folder; each name in `allowed` must be one of them."""
    flows: dict[str, Flow] = {}
    problems: list[Problem] = []
    files = sorted(path for path in folder.glob("*") if path.suffix in (".yaml", ".yml") and path.is_file())
    for path in files:
        read, wrong = _load_file(path)
        if path.stem in {other.stem for other in files if other < path}:
            wrong.append(problem_at(_top(path), f"another file is the flow {path.stem} already"))
        problems += sorted(wrong, key=lambda one: (one.line, one.column))
        if read is not None and not wrong:
            flows[read.name] = read
    names = tuple(dict.fromkeys(path.stem for path in files))
    problems += _not_there(folder, allowed, names)
    return Loaded(folder=folder, flows=flows, problems=tuple(problems), names=names)


def _load_file(path: Path) -> tuple[Flow | None, list[Problem]]:
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        return None, [problem_at(_top(path), f"cannot be read: {why}", remedy=_REMEDY)]
    root, problems = read_text(text, file=path)
    if not isinstance(root, Table):
        return None, problems or [problem_at(root.place, "the file must be a mapping with `steps:`", remedy=_REMEDY)]
    if not NAME.fullmatch(path.stem):
        problems.append(problem_at(_top(path), f"a flow is named as its file, which {NAME_RULE}"))
    if "name" in root.entries:
        place = root.entries["name"].key_place
        problems.append(problem_at(place, "unknown key; a flow's name is that of its file", path=("name",)))
    values = {key: typed(entry.value) for key, entry in root.entries.items()}
    try:
        flow = Flow.model_validate(values | {"name": path.stem if NAME.fullmatch(path.stem) else "unnamed"})
    except ValidationError as error:
        return None, problems + list(explain(error, Flow, root, at=()))
    return flow, problems + list(misnamed(root))


def typed(written: Written) -> Any:
    """The value as JSON has it: what is written as a JSON number is one, `true` and `false` are no text."""
    match written:
        case Null():
            return None
        case Text(text=text, kind="bool"):
            return text.lower() == "true"
        case Text(text=text, kind="int" | "float") if _NUMBER.fullmatch(text):
            return json.loads(text) if len(text) < _LONGEST_NUMBER else text
        case Text(text=text):
            return text
        case Items(items=items):
            return [typed(item) for item in items]
        case Table(entries=entries):
            return {key: typed(entry.value) for key, entry in entries.items()}


def _not_there(folder: Path, allowed: tuple[str, ...], names: tuple[str, ...]) -> list[Problem]:
    place = _top(folder)
    wanted = [name for name in allowed if name not in ("*", *names)]
    if not names and allowed:
        return [
            problem_at(place, "there is no flow in this folder (NAME.yaml)", remedy="see flows.dir in inventory.yml")
        ]
    return [
        problem_at(
            place,
            f"flows.allow in inventory.yml names {name!r}, which is no flow here",
            nearest=nearest_name(name, names),
            remedy="correct flows.allow in inventory.yml",
        )
        for name in wanted
    ]


def _top(path: Path) -> Place:
    return Place(file=path, line=1, column=1)
