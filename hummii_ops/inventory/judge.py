"""Judges what is written: makes an Environment of it, or says everything that is wrong with it.

Pure: no file is read here. A problem never quotes a value, except words that only a fixed list can explain.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from hummii_ops.inventory.fields import NAME, NAME_RULE
from hummii_ops.inventory.models import Environment, InventoryFile
from hummii_ops.inventory.problems import Problem, nearest_name, problem_at
from hummii_ops.inventory.written import Items, Null, Place, Step, Table, Text, Written, find, plain

_MESSAGES: Mapping[str, str] = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number, and not that long",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "mapping_type": "must be a mapping (`key: value`)",
    "dict_type": "must be a mapping (`key: value`)",
    "model_type": "must be a mapping (`key: value`)",
    "model_attributes_type": "must be a mapping (`key: value`)",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "too_short": "must not be empty",
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "inventory": "{message}",
}


def judge_top(root: Written) -> list[Problem]:
    """Return what is wrong with the file apart from its environments' own content."""
    if not isinstance(root, Table):
        return [problem_at(root.place, "the file must be a mapping that begins with `environments:`")]
    environments = root.entries.get("environments")
    named = isinstance(environments.value, Table) if environments else False
    values = plain(root)
    problems = []
    try:
        InventoryFile.model_validate(values | {"environments": {}} if named and isinstance(values, dict) else values)
    except ValidationError as error:
        problems += list(explain(error, InventoryFile, root, at=()))
    if environments is not None and isinstance(environments.value, Table):
        problems += _judge_names(environments.value, environments.key_place)
        problems += _judge_default(root, environments.value)
    return problems


def judge_environment(
    name: str, written: Written, *, folder: Path, ssh_config: Path | None, partly: bool = False
) -> Environment | list[Problem]:
    """Return the environment, or everything that is wrong with it.

    `folder` is what relative local paths are relative to; `ssh_config` is the user's own, None if there is
    none. `partly` says that a part could not be read: keys that are missing are then no mistake.
    """
    at = ("environments", name)
    if not isinstance(written, Table):
        return [problem_at(written.place, "must be a mapping (`key: value`)", path=at)]
    problems = [*_judge_own_name(written, at), *_judge_hosts(written, at), *_judge_secret_names(written, at)]
    values: dict[str, Any] = {key: plain(entry.value) for key, entry in written.entries.items()}
    # A wrong name is told where it is written; here it must not be told once more.
    values["name"] = name if NAME.fullmatch(name) else "unnamed"
    try:
        environment = Environment.model_validate(values, context={"folder": folder, "ssh_config": ssh_config})
    except ValidationError as error:
        problems += list(explain(error, Environment, written, at=at, partly=partly))
    else:
        if not problems:
            return environment
    return problems


def _judge_names(environments: Table, key_place: Place) -> Iterator[Problem]:
    if not environments.entries:
        remedy = "run: fab init --host=user@server"
        yield problem_at(key_place, "names no environment", path=("environments",), remedy=remedy)
    for name, entry in environments.entries.items():
        if not NAME.fullmatch(name):
            yield problem_at(entry.key_place, f"an environment's name {NAME_RULE}", path=("environments", name))


def _judge_default(root: Table, environments: Table) -> Iterator[Problem]:
    default = root.entries.get("default")
    if default is None or not isinstance(default.value, Text) or not NAME.fullmatch(default.value.text):
        return
    name = default.value.text
    if name not in environments.entries:
        nearest = nearest_name(name, environments.entries)
        yield problem_at(default.value.place, f'there is no environment "{name}"', path=("default",), nearest=nearest)


def _judge_own_name(written: Table, at: tuple[Step, ...]) -> Iterator[Problem]:
    if (entry := written.entries.get("name")) is not None:
        yield problem_at(entry.key_place, "unknown key; an environment's name is the key above", path=(*at, "name"))


def _judge_hosts(written: Table, at: tuple[Step, ...]) -> Iterator[Problem]:
    """Find the hosts whose name another host of this environment has already."""
    first: dict[str, Place] = {}
    hosts, _, _ = find(written, ("hosts",))
    for index in range(len(hosts.items) if isinstance(hosts, Items) else 0):
        value, place, followed = find(written, ("hosts", index, "name"))
        if len(followed) < 3 or not isinstance(value, Text):
            continue
        if value.text not in first:
            first[value.text] = place
            continue
        other = first[value.text]
        message = f"another host has this name, at {other.line}:{other.column}; each needs its own"
        yield problem_at(place, message, path=(*at, *followed))


def _judge_secret_names(written: Table, at: tuple[Step, ...]) -> Iterator[Problem]:
    entry = written.entries.get("secrets")
    if entry is None or not isinstance(entry.value, Table):
        return
    for name, secret in entry.value.entries.items():
        if not NAME.fullmatch(name.replace("_", "-").lower()):
            message = "a secret's name must be letters, digits, dashes and underscores"
            yield problem_at(secret.key_place, message, path=(*at, "secrets", name))


def explain(
    error: ValidationError,
    model: type[BaseModel],
    root: Written,
    *,
    at: tuple[Step, ...],
    partly: bool = False,
) -> Iterator[Problem]:
    details = error.errors(include_url=False)
    found = [_problem(detail, model, root, at) for detail in details]
    meant = {problem.path.rpartition(".")[0] + "." + problem.nearest for problem in found if problem.nearest}
    for detail, problem in zip(details, found, strict=True):
        is_missing = detail["type"] == "missing"
        # A list whose items are all wrong counts as empty for pydantic; its items' mistakes are told already.
        here, _, _ = find(root, detail["loc"])
        if detail["type"] == "too_short" and isinstance(here, Items) and here.items:
            continue
        # A key that is missing because its name is misspelt is one mistake, told at the misspelt name.
        if is_missing and problem.path in meant:
            continue
        if is_missing and partly and len(detail["loc"]) == 1:
            continue
        yield problem


def _problem(detail: ErrorDetails, model: type[BaseModel], root: Written, at: tuple[Step, ...]) -> Problem:
    kind, loc = detail["type"], detail["loc"]
    here, place, followed = find(root, loc)
    nearest, path = None, followed
    message = _MESSAGES.get(kind, "is not valid").format(**detail.get("ctx", {}))
    match kind:
        case "extra_forbidden":
            parent, _, _ = find(root, loc[:-1])
            key = str(loc[-1])
            if isinstance(parent, Table) and key in parent.entries:
                place = parent.entries[key].key_place
            nearest = nearest_name(key, _known_keys(model, loc[:-1]))
        case "missing":
            path = (*followed, loc[-1])
        case "literal_error" if isinstance(here, Text):
            nearest = nearest_name(here.text, message.replace("'", "").split())
        case _ if isinstance(here, Null):
            message = f"has no value; it {message}" if message.startswith("must") else message
    return problem_at(place, message, path=(*at, *path), nearest=nearest)


def _known_keys(model: type[BaseModel], loc: Sequence[Step]) -> list[str]:
    """Return the keys that the model at `loc` knows."""
    at: list[type[BaseModel]] = [model]
    for step in loc:
        named = [_keys(candidate)[step] for candidate in at if isinstance(step, str) and step in _keys(candidate)]
        at = [inner for field in named for inner in _models_in(field.annotation)] if named else at
    return [key for candidate in at for key in _keys(candidate) if (candidate, key) != (Environment, "name")]


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields by the keys that stand in a file."""
    return {field.alias or key: field for key, field in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not None or isinstance(annotation, types.UnionType | type(Union)):
        for argument in get_args(annotation):
            yield from _models_in(argument)
