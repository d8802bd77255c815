"""The laptop's copy of a run's folder: .hummii-ops/runs/<RUN>/<host>/. The host has the truth; this is for reading.

Never holds the copies of the stack's files: those stay where they were, on the host. Nor the secrets that containers
and docker wrote in their output: those are masked on the way to the disk.
"""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from hummii_ops.checks import mask
from hummii_ops.errors import Refused

_MAX_BYTES = 64 * 1024**2
_MAX_BYTES_IN_ALL = 1024**3


class Damaged(Refused):
    """What the host packed cannot be unpacked: it was cut, or is not what it should be."""


def save(packed: bytes, folder: Path) -> None:
    """Unpack a collected run under `folder`; anything but a plain file inside the run's own folder is passed over.

    Raises Damaged; then what came before the damage is there.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
            _unpack(tar, folder)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise Damaged(
            f"{folder.name}: what came of {folder.parent.name} cannot be unpacked ({error!s:.80})",
            remedy=f"df -h .; then again: fab evidence --run={folder.parent.name}",
        ) from error


def _unpack(tar: tarfile.TarFile, folder: Path) -> None:
    left = _MAX_BYTES_IN_ALL
    for member in tar:
        inner = PurePosixPath(*PurePosixPath(member.name).parts[1:])
        if not member.isfile() or member.size > _MAX_BYTES or ".." in inner.parts or inner == PurePosixPath("."):
            continue
        left -= member.size
        if left < 0:
            raise ValueError("it is more than a run can leave")
        data = tar.extractfile(member)
        if data is not None:
            text = data.read()
            write(folder / inner, mask.kept(text) if _others_wrote(inner) else text)


def _others_wrote(inner: PurePosixPath) -> bool:
    """Whether containers or docker put words in it; the journal, the plan and the probes are ours, byte for byte."""
    return inner == PurePosixPath("output.log") or (inner.parts[0] == "evidence" and inner.name != "probe.txt")


def write(path: Path, data: bytes) -> None:
    """Write beside and rename; only the owner can read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.new")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    beside.replace(path)


def texts(folder: Path) -> Mapping[str, str]:
    """The small texts that an outcome is made from, by their name in the run's folder; absent ones left out."""
    names = ("gates/outside", "evidence/probe.txt", "state", "about", "failed", "facts/left")
    found = {name: folder / name for name in names if (folder / name).is_file()}
    return {name: path.read_text(encoding="utf-8", errors="replace") for name, path in found.items()}
