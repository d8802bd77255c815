"""What can be expected to go wrong while connecting, in words: what happened, to which host, what to do next.

Never shows a library's class name, and never quotes a server without making its text printable.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hummii_ops.errors import HostKeyError, Unreachable
from hummii_ops.transport.hostkeys import KnownHosts, Standing, fingerprint, host_name
from hummii_ops.transport.identity import encrypted
from hummii_ops.transport.text import printable


@dataclass(frozen=True, kw_only=True)
class Place:
    """An sshd after ssh_config was heard: what we really connect to."""

    name: str
    user: str
    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.name} ({self.user}@{self.address}:{self.port})"

    @property
    def by_hand(self) -> str:
        port = "" if self.port == 22 else f"-p {self.port} "
        return f"ssh {port}{self.user}@{self.address}"

    @property
    def init(self) -> str:
        """For `fab init --host=`, where an IPv6 address needs its brackets."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.user}@{address}:{self.port}"


def no_answer(at: Place, error: OSError, timeout_s: float) -> Unreachable:
    match error:
        case socket.gaierror():
            return Unreachable(
                f"{at}: this host name is not known here",
                remedy="Check the address in the inventory, and the network.",
            )
        case ConnectionRefusedError():
            return Unreachable(
                f"{at}: the connection was refused",
                remedy=f"Check the port, and that sshd is up on the host: {at.by_hand}",
            )
        case TimeoutError():
            return Unreachable(
                f"{at}: no answer within {timeout_s:g} s",
                remedy=f"Check the address, the network or VPN, and firewalls: {at.by_hand}",
            )
        case _:
            why = error.strerror or "the connection ended"
            return Unreachable(f"{at}: no connection: {why}", remedy=f"Try it by hand: {at.by_hand}")


def no_ssh(at: Place, detail: str) -> Unreachable:
    """Something answered, but the SSH handshake did not come to its end."""
    return Unreachable(
        f"{at}: the SSH handshake failed: {printable(detail) or 'the connection was closed'}",
        remedy=f"Check that this port is an sshd, and that it is not too busy: {at.by_hand}",
    )


def login_refused(at: Place, identity_files: Iterable[str]) -> Unreachable:
    files = list(identity_files)
    if locked := encrypted(files):
        return Unreachable(
            f"{at}: the login was refused; {locked[0]} has a passphrase, and no agent holds its key",
            remedy=f"ssh-add {locked[0]}",
        )
    tried = ", ".join(files) if files else "the agent's keys and those in ~/.ssh"
    return Unreachable(
        f"{at}: the login was refused; tried: {tried}",
        remedy=f"Check user and identity_file in the inventory, authorized_keys on the host: {at.by_hand}",
    )


def no_identity_file(name: str, path: Path) -> Unreachable:
    return Unreachable(
        f"{name}: the identity file {path} cannot be read",
        remedy="Check identity_file in the inventory.",
    )


def host_key_error(
    at: Place, standing: Standing, kind: str, blob: bytes, known: KnownHosts, files: tuple[Path, ...]
) -> HostKeyError:
    """Why the offered key is not accepted; names both fingerprints if one is on record."""
    offered = f"{kind} {fingerprint(blob)}"
    if standing is Standing.REVOKED:
        return HostKeyError(
            f"{at}: the host key {offered} is marked @revoked; no login was tried",
            remedy="Stop: this key must not be used any more. Ask the server's owner for its new key.",
        )
    if standing is Standing.CHANGED:
        record = known.of(at.address, at.port)
        kept = "; ".join(f"{key.kind} {fingerprint(key.blob)} ({key.where})" for key in record)
        file = record[0].where.rpartition(":")[0]
        return HostKeyError(
            f"{at}: the host key is not the one on record. Offered: {offered}. On record: {kept}. No login was tried",
            remedy="Someone may be in between. Only if the server's owner confirms the offered fingerprint: "
            f"ssh-keygen -R '{host_name(at.address, at.port)}' -f {file}, then fab init --host={at.init}",
        )
    skipped = "".join(f" ({warning})" for warning in known.warnings if "@cert-authority" in warning)
    looked = ", ".join(map(str, files)) or "no known_hosts file is configured"
    return HostKeyError(
        f"{at}: the host key {offered} is unknown; looked in: {looked}{skipped}. No login was tried",
        remedy="Compare the fingerprint with one from the server's owner, then store it: "
        f"fab init --host={at.init} --fingerprint={fingerprint(blob)}",
    )
