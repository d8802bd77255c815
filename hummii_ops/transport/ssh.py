"""Opening an SSH connection: the one file that imports Fabric and Paramiko, and turns their errors into ours.

Never accepts a host key that is not on record, nor a jump host's; never forwards the agent, never asks for a
passphrase, never uses `Connection.run` (exit −1 for a lost link, a signal and a timeout alike).
Both are imported inside the functions: `fab --list` must not wait for them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hummii_ops.errors import UsageError
from hummii_ops.transport import trouble
from hummii_ops.transport.conversation import Channel
from hummii_ops.transport.dial import dial, dial_by_command
from hummii_ops.transport.endpoint import CONNECT_TIMEOUT_S, Endpoint
from hummii_ops.transport.hostkeys import (
    HostKey,
    KnownHosts,
    Standing,
    fingerprint,
    known_hosts_line,
    load_known_hosts,
)
from hummii_ops.transport.identity import is_file
from hummii_ops.transport.protocol import LinkLost
from hummii_ops.transport.pulse import Pulse
from hummii_ops.transport.route import config_text, route_of
from hummii_ops.transport.session import OPEN_TIMEOUT_S, SshTransport
from hummii_ops.transport.wire import ping, tune

PING_EVERY_S = 5.0
SILENCE_S = 15.0
_AUTH_TIMEOUT_S = 20.0  # PAM and a slow directory take their time
_MOST_HOPS = 8
_SCANNED = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")


def connect(endpoint: Endpoint, *, ping_every_s: float = PING_EVERY_S, silence_s: float = SILENCE_S) -> SshTransport:
    """An open connection, logged in. Raises Unreachable, HostKeyError, UsageError (a wrong ssh_config)."""
    with ExitStack() as stack:
        target = _prepare(endpoint)
        known = load_known_hosts(endpoint.known_hosts)
        wire = _open(target, known, stack)
        name = endpoint.name
        pulse = Pulse(name, ping=lambda: ping(wire), cut=wire.close, every_s=ping_every_s, silence_s=silence_s)
        return SshTransport(
            name,
            open_channel=lambda timeout_s: _open_channel(name, wire, timeout_s),
            pulse=pulse,
            stack=stack.pop_all(),
            warnings=target.warnings + known.warnings,
            sudo=endpoint.sudo,
        )
    raise AssertionError("an ExitStack of closings swallows nothing")


def scan_host_keys(endpoint: Endpoint) -> tuple[HostKey, ...]:
    """The keys that the server offers, one of each kind, ed25519 first. Trusts none of them, logs in nowhere.

    Jump hosts on the way must be known. Raises Unreachable, HostKeyError (of a jump host), UsageError.
    """
    import paramiko

    found: list[HostKey] = []
    for kind in _SCANNED:
        target = _prepare(endpoint)
        with ExitStack() as stack, _translated(target):
            wire = tune(paramiko.Transport(_reach(target, stack)), (kind,), only=True)
            stack.callback(wire.close)
            wire.banner_timeout = target.timeout_s
            try:
                wire.start_client(timeout=target.timeout_s)
            except paramiko.ssh_exception.IncompatiblePeer:
                continue
            blob = wire.get_remote_server_key().asbytes()
            line = known_hosts_line(target.at.address, target.at.port, kind, blob)
            found.append(HostKey(kind=kind, fingerprint=fingerprint(blob), line=line))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class _Target:
    """An endpoint after ssh_config was heard, and the Fabric connection that will go there."""

    endpoint: Endpoint
    connection: Any
    at: trouble.Place
    identity_files: tuple[str, ...]
    timeout_s: int
    warnings: tuple[str, ...]


def _prepare(endpoint: Endpoint) -> _Target:
    import fabric
    import paramiko

    logging.getLogger("paramiko").addHandler(logging.NullHandler())  # else its tracebacks go to stderr
    own = endpoint.identity_file
    if own is not None and not is_file(own):
        raise trouble.no_identity_file(endpoint.name, own)
    text, warnings = config_text(endpoint)
    try:
        connection = fabric.Connection(
            endpoint.address,
            config=fabric.Config(ssh_config=paramiko.SSHConfig.from_text(text), lazy=True),
            gateway=False,  # jump hosts are ours: Fabric opens them without looking at their keys
            forward_agent=False,
            connect_kwargs={"key_filename": [str(own)] if own else []},
        )
    except (paramiko.SSHException, ValueError):  # its words hold the line: of a file that may be no ssh_config at all
        raise UsageError(
            f"{endpoint.name}: {endpoint.ssh_config} cannot be used: a line of it is none of ssh_config",
            remedy=f"see which: ssh -G -F {endpoint.ssh_config} {endpoint.address}; or write `ssh_config: false`",
        ) from None
    said = connection.connect_timeout if endpoint.connect_timeout_s == CONNECT_TIMEOUT_S else None
    files = connection.connect_kwargs.get("key_filename", [])
    return _Target(
        endpoint=endpoint,
        connection=connection,
        at=trouble.Place(name=endpoint.name, user=connection.user, address=connection.host, port=connection.port),
        identity_files=tuple(dict.fromkeys(f for f in files if is_file(Path(f)))),
        timeout_s=math.ceil(said or endpoint.connect_timeout_s),
        warnings=warnings,
    )


def _open(target: _Target, known: KnownHosts, stack: ExitStack, through: Any = None, depth: int = 0) -> Any:
    """The open Paramiko transport of a host, or of a jump host: there is one way to make either."""
    import paramiko

    connection = target.connection
    kinds = tuple(key.kind for key in known.of(target.at.address, target.at.port))
    stack.callback(connection.client.close)
    connection.client.set_missing_host_key_policy(_OnlyKnown(target, known))
    connection.connect_timeout = target.timeout_s
    with _translated(target):
        connection.connect_kwargs = {
            "sock": _reach(target, stack, through, depth),
            "transport_factory": lambda sock, **more: tune(paramiko.Transport(sock, **more), kinds),
            "key_filename": list(target.identity_files),
            "look_for_keys": not target.identity_files,
            "allow_agent": True,
            "banner_timeout": target.timeout_s,
            "auth_timeout": _AUTH_TIMEOUT_S,
            "channel_timeout": CONNECT_TIMEOUT_S,
        }
        connection.open()
    return connection.transport


def _reach(target: _Target, stack: ExitStack, through: Any = None, depth: int = 0) -> Any:
    """A socket, or what is as good, to the sshd. `through` is the open transport of the hop before."""
    endpoint, at = target.endpoint, target.at
    if through is None:
        route = route_of(endpoint, target.connection.ssh_config)
        if route.command is not None:
            return dial_by_command(route.command, stack=stack)
        if depth + len(route.hops) > _MOST_HOPS:
            raise UsageError(f"{at}: more than {_MOST_HOPS} jump hosts; does one of them lead to itself?")
        for hop in route.hops:
            known = load_known_hosts(hop.known_hosts)
            through = _open(_prepare(hop), known, stack, through, depth + len(route.hops))
    if through is None:
        return dial(at.address, at.port, timeout_s=target.timeout_s, stack=stack)
    channel = through.open_channel("direct-tcpip", (at.address, at.port), ("", 0), timeout=target.timeout_s)
    stack.callback(channel.close)
    return channel


class _OnlyKnown:
    """Paramiko asks this before it logs in. It is given no keys of its own, so every key is judged here."""

    def __init__(self, target: _Target, known: KnownHosts) -> None:
        self._target = target
        self._known = known

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        at, blob = self._target.at, key.asbytes()
        standing = self._known.standing(at.address, at.port, blob)
        if standing is not Standing.KNOWN:
            files = self._target.endpoint.known_hosts
            raise trouble.host_key_error(at, standing, key.get_name(), blob, self._known, files)


@contextmanager
def _translated(target: _Target) -> Iterator[None]:
    """Everything that can be expected of a connection, as our errors; ours pass through."""
    import paramiko

    at = target.at
    try:
        yield
    except (paramiko.AuthenticationException, paramiko.PasswordRequiredException):
        raise trouble.login_refused(at, target.identity_files) from None
    except paramiko.ChannelException as error:
        raise trouble.no_ssh(at, f"the jump host cannot reach it: {error.text}") from None
    except (paramiko.SSHException, EOFError, ValueError) as error:
        wire = target.connection.client.get_transport()
        if wire is not None and wire.is_active() and wire.initial_kex_done:  # it was about the keys to log in
            raise trouble.login_refused(at, target.identity_files) from None
        raise trouble.no_ssh(at, str(error)) from None
    except OSError as error:
        raise trouble.no_answer(at, error, target.timeout_s) from None


def _open_channel(name: str, wire: Any, timeout_s: float) -> Channel:
    import paramiko

    try:
        channel: Channel = wire.open_session(timeout=timeout_s)
    except paramiko.ChannelException as error:
        raise LinkLost(f"{name}: the server refused another session: {error.text}", sent=False) from None
    except (paramiko.SSHException, EOFError, OSError):
        if timeout_s >= OPEN_TIMEOUT_S:  # silent for so long: the next command must not wait again
            wire.close()
        raise LinkLost(f"{name}: the link is gone; the command was not sent", sent=False) from None
    return channel
