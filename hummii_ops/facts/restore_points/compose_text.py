"""What a compose file says about images and about the files it needs: read, never resolved as Compose would.

Never starts Compose and never sees an env file's text: names and a few values are enough to judge by.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError

_VARIABLE = re.compile(r"\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(:?[-?+])?)", re.ASCII)


class Unparsable(ValueError):
    """The text is no compose file; its words say why, for people."""


@dataclass(frozen=True, kw_only=True)
class ComposeService:
    """One service: its image as written, the files it names. `optional`: `up` alone does not start it.

    `ports`: those of the container that it publishes, as written ("80", "3000-3005", "${PORT}").
    """

    name: str
    image: str | None
    builds: bool
    optional: bool
    env_files: tuple[tuple[str, bool], ...]
    mounts: tuple[str, ...]
    extends: str | None
    ports: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ComposeText:
    """A compose file. `needs`: the variables outside of image names, True where a value is insisted on."""

    services: tuple[ComposeService, ...]
    needs: Mapping[str, bool]
    files: tuple[str, ...]
    includes: tuple[str, ...]


class _Constructor(SafeConstructor):
    """Compose's own tags (`!reset`, `!override`) read as what stands behind them, or as nothing."""


def _plain(constructor: Any, suffix: str, node: Any) -> Any:
    return None if suffix == "reset" else constructor.construct_object(node)


_Constructor.add_multi_constructor("!", _plain)


@lru_cache(maxsize=256)
def parse_compose(text: str) -> ComposeText:
    """Read a compose file. Unparsable with the reason and the line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML allows it
            said = yaml.load(text)
    except YAMLError as error:
        raise Unparsable(_first_line(error)) from error
    except (RecursionError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unparsable("it is not YAML that can be read") from error
    if not isinstance(said, dict) or not isinstance(said.get("services"), dict) or not said["services"]:
        raise Unparsable("it has no services")
    services = []
    for name, service in said["services"].items():
        if not isinstance(service, dict):
            raise Unparsable(f"service {name} is no mapping")
        services.append(_service(str(name), service))
    needs: dict[str, bool] = {}
    for one in _strings({key: _without_image(value) for key, value in said.items()}):
        for variable, insists in variables(one):
            needs[variable] = needs.get(variable, False) or insists
    return ComposeText(
        services=tuple(services),
        needs=needs,
        files=tuple(_file_objects(said.get("configs"))) + tuple(_file_objects(said.get("secrets"))),
        includes=tuple(_includes(said.get("include"))),
    )


def variables(text: str) -> Iterator[tuple[str, bool]]:
    """Each variable of a text that has no default, and whether it insists on a value (`?`)."""
    for matched in _VARIABLE.finditer(text):
        name, form = matched[2] or matched[3], matched[4] or ""
        if name and form[-1:] not in {"-", "+"}:
            yield name, form.endswith("?")


def _service(name: str, said: Mapping[str, Any]) -> ComposeService:
    image, extends, deploy = said.get("image"), said.get("extends"), said.get("deploy")
    replicas = deploy.get("replicas") if isinstance(deploy, dict) else None
    return ComposeService(
        name=name,
        image=None if image is None else str(image),
        builds="build" in said,
        optional=bool(said.get("profiles")) or said.get("scale") == 0 or replicas == 0,
        env_files=tuple(_env_files(said.get("env_file"))),
        mounts=tuple(_mounts(said.get("volumes"))),
        extends=str(extends["file"]) if isinstance(extends, dict) and extends.get("file") else None,
        ports=tuple(_ports(said.get("ports"))),
    )


def _ports(said: Any) -> Iterator[str]:
    for one in said if isinstance(said, list) else []:
        text = str(one.get("target")) if isinstance(one, dict) else str(one).partition("/")[0]
        yield re.sub(r"^.*:(?![^{]*\})", "", text)


def _env_files(said: Any) -> Iterator[tuple[str, bool]]:
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, dict) and one.get("path"):
            yield str(one["path"]), one.get("required") is not False
        elif isinstance(one, str):
            yield one, True


def _mounts(said: Any) -> Iterator[str]:
    for one in said if isinstance(said, list) else []:
        if isinstance(one, dict):
            source = one.get("source") if one.get("type") == "bind" else None
        else:
            source = str(one).partition(":")[0] if ":" in str(one) else None
        if source and str(source).startswith((".", "/")):
            yield str(source)


def _file_objects(said: Any) -> Iterator[str]:
    for one in said.values() if isinstance(said, dict) else []:
        if isinstance(one, dict) and one.get("file"):
            yield str(one["file"])


def _includes(said: Any) -> Iterator[str]:
    for one in said if isinstance(said, list) else []:
        path = one.get("path") if isinstance(one, dict) else one
        for each in path if isinstance(path, list) else [path]:
            if each:
                yield str(each)


def _without_image(said: Any) -> Any:
    """A top-level value with the services' image names left out: they are judged by themselves."""
    if not isinstance(said, dict):
        return said
    return {
        name: {key: value for key, value in one.items() if key != "image"} if isinstance(one, dict) else one
        for name, one in said.items()
    }


def _strings(said: Any) -> Iterator[str]:
    """Every text in it. What an alias names is gone through once: aliases of aliases would last for ever."""
    left, seen = [said], set[int]()
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict | list) and id(one) not in seen:
            seen.add(id(one))
            left.extend(one.values() if isinstance(one, dict) else one)


def _first_line(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)
