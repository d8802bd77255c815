"""One at a time on this machine: checkouts share the engine and the images, and must not make them twice."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.docker import Say


@contextmanager
def held(path: Path, *, say: Say, why: str) -> Iterator[None]:
    """Hold an exclusive lock on `path`; it is given back when the process ends, however it ends."""
    mask = os.umask(0)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    finally:
        os.umask(mask)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that is {why} …")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def machine_wide(name: str) -> Path:
    """The lock file of this name that all checkouts and accounts of the machine see."""
    run_lock = Path("/run/lock")
    folder = run_lock if os.access(run_lock, os.W_OK) else Path(tempfile.gettempdir())
    return folder / f"hummii-lab-{name}.lock"
