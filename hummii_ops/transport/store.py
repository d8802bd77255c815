"""The project's own known_hosts: what an offered key is against the record, and how one more is written.

Never takes a line away, and never calls a key known that is revoked.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from hummii_ops.transport.hostkeys import HostKey, KnownHosts, KnownKey, Standing


def standing_of(key: HostKey, known: KnownHosts) -> Standing:
    """What a scanned key is against the record."""
    address, port, blob = _parts(key)
    return known.standing(address, port, blob)


def on_record(key: HostKey, known: KnownHosts) -> tuple[KnownKey, ...]:
    """The keys on record for the host that offers this one."""
    address, port, _ = _parts(key)
    return known.of(address, port)


def with_keys(text: str, keys: Iterable[HostKey]) -> str:
    """The file's text with these keys: comments first as they stood, then each line once, sorted."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    comments = [line for line in lines if line.startswith("#")]
    known = {line for line in lines if not line.startswith("#")} | {key.line for key in keys}
    return "".join(f"{line}\n" for line in (*comments, *sorted(known)))


def address_of(key: HostKey) -> str:
    """The address that the key was offered at, after ssh_config was heard."""
    return _parts(key)[0]


def _parts(key: HostKey) -> tuple[str, int, bytes]:
    name, _, text = key.line.split(" ")
    address, port = name, 22
    if name.startswith("["):
        address, _, digits = name[1:].partition("]:")
        port = int(digits)
    return address, port, base64.b64decode(text)
