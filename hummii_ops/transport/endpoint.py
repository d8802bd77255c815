"""Where a host is and how it is reached, as a value: what `connect` needs, and nothing of the stack.

Never guesses at an address: what ssh could take for an option, a user or a second word is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hummii_ops.errors import UsageError

if TYPE_CHECKING:
    from hummii_ops.inventory import Environment, Hop, Host

DEFAULT_PORT = 22
CONNECT_TIMEOUT_S = 10.0
_ADDRESS = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,254}")
_USER = re.compile(r"[^\s@:/\\\x00-\x1f\x7f-\x9f-][^\s@:/\\\x00-\x1f\x7f-\x9f]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One sshd. `port` 22 and `user` None leave the choice to ssh_config, as `jump` () does.

    `jump` is in the order of travel; one hop at the address `none` means: straight, whatever ssh_config says.
    """

    name: str
    address: str
    port: int = DEFAULT_PORT
    user: str | None = None
    identity_file: Path | None = None
    jump: tuple[Endpoint, ...] = ()
    known_hosts: tuple[Path, ...] = ()
    ssh_config: Path | None = None
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    sudo: bool = False

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise UsageError(f"{self.address!r:.80} is not a host name or an IP address")
        if self.user is not None and not _USER.fullmatch(self.user):
            raise UsageError(f"{self.user!r:.80} is not a user name")
        if not 1 <= self.port <= 65535:
            raise UsageError(f"{self.port} is not a TCP port")


def endpoint_of(environment: Environment, host: Host) -> Endpoint:
    """The endpoint of an inventory's host; its jump hosts use the same keys and the same ssh_config."""
    return Endpoint(
        name=host.name,
        address=host.address,
        port=host.port,
        user=host.user,
        identity_file=host.identity_file,
        jump=tuple(_hop(hop, environment.known_hosts, environment.ssh_config) for hop in host.jump),
        known_hosts=environment.known_hosts,
        ssh_config=environment.ssh_config,
        sudo=environment.become == "sudo",
    )


def parse_jump(text: str, *, like: Endpoint) -> tuple[Endpoint, ...]:
    """The hops of a ProxyJump text: `user@a:22,[::1]:22`; `none` gives no hop. UsageError if it is not one.

    The hops use the known_hosts and the ssh_config of `like`.
    """
    from hummii_ops.inventory import Hop  # here: it brings pydantic, which few of our readers need

    if text.strip().lower() in ("", "none"):
        return ()
    try:
        hops = [Hop.parse(hop.strip().removeprefix("ssh://")) for hop in text.split(",")]
    except ValueError:  # pydantic's own errors are ValueErrors too
        raise UsageError(
            f"{text!r:.80} is not a jump host", remedy="Write it as user@address:port, several with commas."
        ) from None
    return tuple(_hop(hop, like.known_hosts, like.ssh_config) for hop in hops)


def _hop(hop: Hop, known_hosts: tuple[Path, ...], ssh_config: Path | None) -> Endpoint:
    return Endpoint(
        name=hop.address,
        address=hop.address,
        port=hop.port,
        user=hop.user,
        known_hosts=known_hosts,
        ssh_config=ssh_config,
    )
