"""Where the one who tells and those who deliver meet: small files in the run's folder, and two locks.

A lock goes with its process, however that ends: nothing has to be cleaned up.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Who only looks whether a lock is free holds it for that moment.
_LOOKS, _LOOK_S = 5, 0.1


class Desk:
    """The desk of one run's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".telling"

    @property
    def warnings(self) -> Path:
        return self._folder / "warnings.log"

    def open(self, *, inventory: Path, environment: str, channels: Sequence[Mapping[str, str]] = ()) -> None:
        """Say where the channels stand, for those who deliver, and which there are. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self._folder / ".told.json.new"
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            told = {"inventory": str(inventory.absolute()), "environment": environment, "channels": list(channels)}
            json.dump(told, file)
        beside.replace(self._folder / "told.json")

    def told(self) -> dict[str, Any]:
        """What `open` said. Raises OSError or ValueError."""
        found: dict[str, Any] = json.loads((self._folder / "told.json").read_text(encoding="utf-8"))
        return found

    def writing(self) -> int:
        """Be one who writes, until the process ends or the descriptor is closed."""
        fd = os.open(self._folder / "writing.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(fd, fcntl.LOCK_SH)
        return fd

    def is_written_to(self) -> bool:
        """Is there one who writes?"""
        return not self._free("writing.lock")

    def is_delivered_from(self) -> bool:
        """Is there one who delivers?"""
        return not self._free("deliver.lock")

    @contextmanager
    def delivering(self) -> Iterator[bool]:
        """Be the one who delivers; False if there is one."""
        fd = os.open(self._folder / "deliver.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield _taken_soon(fd)
        finally:
            os.close(fd)

    def _free(self, name: str) -> bool:
        try:
            fd = os.open(self._folder / name, os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            return _taken(fd)
        finally:
            os.close(fd)


def _taken_soon(fd: int) -> bool:
    for _ in range(_LOOKS):
        if _taken(fd):
            return True
        time.sleep(_LOOK_S)
    return False


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
