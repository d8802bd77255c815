"""What runs, as it was built: what each container publishes, and what its image says of itself. One call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import frames
from hummii_ops.transport import Transport

_LIMIT_S = 30


@dataclass(frozen=True, kw_only=True)
class Published:
    """A port of a container that the host hands on. `address` "0.0.0.0" and "::" are every network."""

    container_port: int
    address: str
    host_port: int


@dataclass(frozen=True, kw_only=True)
class Built:
    """One running container. `version` and `revision` are labels of its image; None: it has none."""

    service: str
    image_id: str
    shares_network: bool
    privileged: bool
    published: tuple[Published, ...]
    version: str | None
    revision: str | None


def read(transport: Transport, project: str) -> tuple[Built, ...]:
    """Ask the host. Raises LinkLost, and Unreachable when docker did not answer, or not wholly."""
    script = files("hummii_ops.security").joinpath("built.sh").read_text(encoding="utf-8")
    said = frames(transport.call(script, project, limit_s=_LIMIT_S).stdout, host=transport.name).one("containers")
    if said.exit_code != 0:
        raise Unreachable(f"{transport.name}: docker does not tell what runs", remedy="fab status")
    return tuple(_built(one) for one in _objects(said.text))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """A JSON object after the other; each may stand on several lines."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        one, at = decoder.raw_decode(text, at)
        yield one


def _built(one: dict[str, Any]) -> Built:
    return Built(
        service=str(one["service"] or ""),
        image_id=str(one["image_id"]),
        shares_network=one["network"] == "host",
        privileged=bool(one["privileged"]),
        published=tuple(_published(one["ports"] or {})),
        version=one["version"] or None,
        revision=one["revision"] or None,
    )


def _published(ports: dict[str, list[dict[str, str]] | None]) -> Iterator[Published]:
    for name, bindings in sorted(ports.items()):
        for one in bindings or ():
            yield Published(
                container_port=int(name.partition("/")[0]), address=one["HostIp"], host_port=int(one["HostPort"])
            )
