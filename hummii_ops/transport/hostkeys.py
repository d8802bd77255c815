"""Host keys: what is on record, and what an offered key is against it. Pure but for reading the files.

Never drops the rest of a file for one bad line, and never lets a revoked key pass.
Format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class HostKey:
    """A key that a server offers: its kind (`ssh-ed25519`), `SHA256:…`, and its known_hosts line."""

    kind: str
    fingerprint: str
    line: str


@dataclass(frozen=True, kw_only=True)
class KnownKey:
    """One line of a known_hosts file."""

    names: tuple[str, ...]
    kind: str
    blob: bytes
    revoked: bool
    where: str  # "known_hosts:3"

    def speaks_of(self, name: str) -> bool:
        if any(p.startswith("!") and _matches(p[1:], name) for p in self.names):
            return False
        return any(_matches(pattern, name) for pattern in self.names)


class Standing(Enum):
    """What an offered key is, against the record."""

    KNOWN = "known"
    UNKNOWN = "unknown"  # nothing is on record for this host
    CHANGED = "changed"  # something is on record, and this is not it
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class KnownHosts:
    keys: tuple[KnownKey, ...] = ()
    warnings: tuple[str, ...] = ()

    def of(self, address: str, port: int) -> tuple[KnownKey, ...]:
        """The keys on record for this host, revoked ones left out."""
        return tuple(k for k in self._all(address, port) if not k.revoked)

    def standing(self, address: str, port: int, blob: bytes) -> Standing:
        if any(k.revoked and k.blob == blob for k in self._all(address, port)):
            return Standing.REVOKED
        known = self.of(address, port)
        if any(k.blob == blob for k in known):
            return Standing.KNOWN
        return Standing.CHANGED if known else Standing.UNKNOWN

    def _all(self, address: str, port: int) -> list[KnownKey]:
        name = host_name(address, port)
        return [key for key in self.keys if key.speaks_of(name)]


def load_known_hosts(paths: Iterable[Path]) -> KnownHosts:
    """All keys of all files, of which some may not exist. What could not be used is in `warnings`."""
    keys: list[KnownKey] = []
    warnings: list[str] = []
    for path in paths:
        try:
            text = path.read_text(errors="replace")
        except FileNotFoundError:
            continue
        except OSError as error:
            warnings.append(f"{path} cannot be read: {error.strerror}")
            continue
        for number, line in enumerate(text.splitlines(), 1):
            parsed = _parse(line, f"{path}:{number}")
            if isinstance(parsed, KnownKey):
                keys.append(parsed)
            elif parsed:
                warnings.append(parsed)
    return KnownHosts(keys=tuple(keys), warnings=tuple(warnings))


def fingerprint(blob: bytes) -> str:
    """`SHA256:…`, as `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def host_name(address: str, port: int) -> str:
    """The name under which known_hosts keeps a host: the port is part of it unless it is 22."""
    return address.lower() if port == 22 else f"[{address.lower()}]:{port}"


def known_hosts_line(address: str, port: int, kind: str, blob: bytes) -> str:
    return f"{host_name(address, port)} {kind} {base64.b64encode(blob).decode()}"


def _parse(line: str, where: str) -> KnownKey | str | None:
    """A key, a warning, or None for a line that says nothing."""
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    marker = words.pop(0) if words[0].startswith("@") else ""
    if marker == "@cert-authority":
        return f"{where}: host certificates are not supported, so this @cert-authority line is skipped"
    if marker not in ("", "@revoked"):
        return f"{where}: unknown marker {marker:.40}, line skipped"
    if len(words) < 3:
        return f"{where}: not a known_hosts line, skipped"
    names, kind, text = words[:3]
    try:
        blob = base64.b64decode(text, validate=True)
    except ValueError:  # not base64, or not even ASCII
        return f"{where}: the key is not base64, line skipped"
    if not blob.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
        return f"{where}: the key is not of the kind that the line names, line skipped"
    return KnownKey(names=tuple(names.split(",")), kind=kind, blob=blob, revoked=bool(marker), where=where)


def _matches(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):
        return _matches_hashed(pattern, name)
    # Only * and ? are special in known_hosts; fnmatch would read the brackets of [host]:port as a set.
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern.lower())
    return re.fullmatch("".join(parts), name, re.DOTALL) is not None


def _matches_hashed(pattern: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in pattern.split("|")[2:])
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)
