"""The files of one read, as they came in a tar stream, and the listings beside it.

Never writes a file: an archive from a server is read in memory, and its paths are only names.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A small file's bytes and the time of its last change."""

    data: bytes
    changed_at: datetime

    @property
    def text(self) -> str:
        """The file as text; what is not UTF-8 is shown as a replacement character."""
        return self.data.decode(errors="replace")

    @property
    def sha256(self) -> str:
        """The file's own digest, in hex."""
        return sha256(self.data).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of `stat`: what lies at a path."""

    path: str
    kind: str
    mode: str
    owner: str
    group: str
    size_bytes: int


def kept_files(archive: bytes) -> dict[str, Kept]:
    """Regular files of concatenated tar archives by path; a damaged tail ends the reading, not the read."""
    found: dict[str, Kept] = {}
    if not archive:
        return found
    try:
        with tarfile.open(fileobj=BytesIO(archive), mode="r:", ignore_zeros=True) as tar:
            for member in tar:
                opened = tar.extractfile(member) if member.isreg() else None
                if opened is not None:
                    found[member.name] = Kept(data=opened.read(), changed_at=datetime.fromtimestamp(member.mtime, UTC))
    except (tarfile.TarError, EOFError, ValueError, OverflowError):
        return found
    return found


def entries(listing: str) -> dict[str, Entry]:
    """`stat --printf '%F|%a|%U|%G|%s|%n\\0'` by path."""
    found = {}
    for line in listing.split("\0"):
        parts = line.split("|", 5)
        if len(parts) == 6 and parts[4].isdecimal():
            kind, mode, owner, group, size, path = parts
            found[path] = Entry(path=path, kind=kind, mode=mode, owner=owner, group=group, size_bytes=int(size))
    return found


def digests(listing: str) -> dict[str, str]:
    """`sha256sum` by path; a name with a line break or a backslash comes escaped, with a backslash before."""
    found = {}
    for line in listing.splitlines():
        digest, _, path = line.partition("  ")
        if digest.startswith("\\"):
            digest = digest[1:]
            path = path.replace("\\\\", "\0").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")
        if len(digest) == 64 and path:
            found[path] = digest
    return found
