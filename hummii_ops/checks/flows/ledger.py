"""What was made and not yet taken away again: a line before the making, a line after the taking away.

A line is on the disk before the thing is made, so that whatever kills us, `fab flows.clean` finds it. No secret ever
stands in it: a clean-up's templates are kept as they are written, and the password is made again from the key beside.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(".hummii-ops", "flows")
_PRIVATE = 0o600


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing to take away. `steps` are clean-ups as a flow has them, with the `names` that they may use.

    `key` tells which key its password was made from, and nothing of the key; "" in a line of before this was kept.
    """

    id: str
    at: str
    environment: str
    host: str
    url: str
    flow: str
    step: str
    run_id: str
    names: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...]
    key: str = ""


def mark_of(key: bytes) -> str:
    """By which a key is known again."""
    return hashlib.sha256(b"ledger key " + key).hexdigest()[:12]


class AtWork(Exception):
    """Flows are running, or are being cleaned up, somewhere on this machine."""


class Ledger:
    """The file `.hummii-ops/flows/ledger.jsonl` beside the inventory, and the key beside it."""

    def __init__(self, beside: Path) -> None:
        self.folder = beside / _FOLDER
        self.file = self.folder / "ledger.jsonl"

    def key(self) -> bytes:
        """The key from which passwords are made; made itself once, and then kept."""
        path, fresh = self.folder / "key", self.folder / f"key.{os.getpid()}.{os.urandom(4).hex()}"
        if not path.exists():
            self._write(fresh, os.urandom(32))
            with suppress(FileExistsError):
                os.link(fresh, path)  # whole, or not at all; the first one wins
            fresh.unlink()
        return path.read_bytes()

    def kept_key(self) -> bytes | None:
        """The key, if there is one here: a new one would open nothing that was made before."""
        try:
            return (self.folder / "key").read_bytes()
        except FileNotFoundError:
            return None

    def open(self, entry: Entry) -> None:
        """Write down what will be made."""
        self._append({"open": asdict(entry)})

    def close(self, id: str) -> None:
        """Write down that nothing of it is there any more."""
        self._append({"close": id})

    def entries(self) -> list[Entry]:
        """What is still to be taken away, the newest first. A line that cannot be read is passed over."""
        found: dict[str, Entry] = {}
        for line in self._lines():
            with suppress(ValueError, TypeError, KeyError):
                said = json.loads(line)
                if "close" in said:
                    found.pop(said["close"], None)
                else:
                    entry = Entry(**said["open"])
                    found[entry.id] = entry
        return list(reversed(found.values()))

    @contextmanager
    def at_work(self, *, alone: bool = False) -> Iterator[None]:
        """While flows run; `alone`: while leftovers are taken away, which must not be those of a running flow."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise AtWork from None
        finally:
            os.close(lock)

    def tidy(self) -> None:
        """Forget what is done, when all of it is; only while alone. What we cannot read may not be done."""
        if self.file.exists() and not self.entries() and all(map(_is_read, self._lines())):
            self.file.unlink()

    def _lines(self) -> list[bytes]:
        try:
            return self.file.read_bytes().splitlines()
        except FileNotFoundError:
            return []

    def _append(self, said: Mapping[str, Any]) -> None:
        # The line break before it ends a line that a power cut left half written.
        self._write(self.file, b"\n" + json.dumps(said, default=str).encode() + b"\n")

    def _write(self, path: Path, data: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE)
        try:
            if os.write(fd, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(fd)
        finally:
            os.close(fd)


def _is_read(line: bytes) -> bool:
    """A line that another version wrote is whole JSON, and not ours; half a line promised nothing."""
    try:
        said = json.loads(line)
    except ValueError:
        return True
    return "close" in said or _is_entry(said.get("open"))


def _is_entry(said: Any) -> bool:
    try:
        Entry(**said)
    except TypeError:
        return False
    return True
