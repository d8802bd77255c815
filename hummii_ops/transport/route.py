"""Endpoint and ssh_config → one configuration, in which what the inventory says comes first.

Never reads a file that the endpoint does not name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hummii_ops.errors import UsageError
from hummii_ops.transport.endpoint import DEFAULT_PORT, Endpoint, parse_jump


@dataclass(frozen=True, kw_only=True)
class Route:
    """The way to a host: through `hops` in the order of travel, or by `command`, else straight."""

    hops: tuple[Endpoint, ...] = ()
    command: str | None = None


def config_text(endpoint: Endpoint) -> tuple[str, tuple[str, ...]]:
    """ssh_config text for this endpoint, and warnings. The first value wins there, so ours stand first."""
    own = [f"Host {endpoint.address}"]
    if endpoint.port != DEFAULT_PORT:
        own.append(f"  Port {endpoint.port}")
    if endpoint.user is not None:
        own.append(f"  User {endpoint.user}")
    text = _read(endpoint.ssh_config) if endpoint.ssh_config else ""
    warnings = tuple(
        f"{endpoint.ssh_config}:{number}: Include is not followed"
        for number, line in enumerate(text.splitlines(), 1)
        if re.match(r"\s*include\b", line, re.IGNORECASE)
    )
    return "\n".join((*own, "Host *", text, "")), warnings


def route_of(endpoint: Endpoint, config: Mapping[str, object]) -> Route:
    """`config` is what ssh_config says of the endpoint's address; a jump in the inventory wins over it."""
    if endpoint.jump:
        return Route(hops=tuple(hop for hop in endpoint.jump if hop.address.lower() != "none"))
    if (jump := _said(config, "proxyjump")) is not None:
        hops = parse_jump(jump, like=endpoint)
        # `Host *` with a ProxyJump also speaks of the jump host itself: it is reached straight, as ssh does.
        return Route(hops=() if any(_same(hop, endpoint) for hop in hops) else hops)
    if (command := _said(config, "proxycommand")) is not None:
        return Route(command=command)
    return Route()


def _said(config: Mapping[str, object], key: str) -> str | None:
    value = config.get(key)
    return value if isinstance(value, str) and value.strip().lower() not in ("", "none") else None


def _same(hop: Endpoint, endpoint: Endpoint) -> bool:
    return (hop.address.lower(), hop.port) == (endpoint.address.lower(), endpoint.port)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the ssh_config file {path} cannot be read: {error}",
            remedy="Mend the file, or write `ssh_config: false` in the inventory.",
        ) from None
