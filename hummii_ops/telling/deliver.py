"""Delivers what is told about a run: a process of its own, started by who tells, ended by having nothing to do.

python -m hummii_ops.telling.deliver FOLDER

It may hang, be killed or be started twice; the run knows nothing of it. One at a time for a run: who comes second
leaves. Warnings go to a file beside the outbox, never to a terminal.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hummii_ops.errors import HummiiError
from hummii_ops.inventory import load
from hummii_ops.telling.courier import Courier
from hummii_ops.telling.desk import Desk
from hummii_ops.telling.opening import open_channel
from hummii_ops.telling.outbox import Outbox

_POLL_S = 0.2
# What a channel may need beyond its retries: the last attempt, and a slow secret.
_SPARE_S = 120.0
# How long a disk may take for a few lines. Who still hangs in a network is not waited for any longer.
_WRITTEN_S = 10.0


def deliver(folder: Path) -> None:
    """Send all that is in the outbox of this folder, and what comes for as long as somebody writes to it."""
    outbox, desk = Outbox(folder), Desk(folder)
    with desk.delivering() as mine:
        if not mine:
            return
        warn = partial(_warn, desk.warnings)
        try:
            couriers, retry_s = _couriers(outbox, desk, warn)
        except (HummiiError, OSError, ValueError, KeyError) as error:
            warn(f"nothing can be sent: {getattr(error, 'what', type(error).__name__)}")
            return
        over = threading.Event()
        threads = [threading.Thread(target=one.run, args=(over,), name="courier", daemon=True) for one in couriers]
        for thread in threads:
            thread.start()
        _until_over(couriers, desk, retry_s)
        over.set()
        _until_written(threads)


def _couriers(outbox: Outbox, desk: Desk, warn: partial[None]) -> tuple[Sequence[Courier], float]:
    told = desk.told()
    environment = load(Path(told["inventory"])).choose(told["environment"])
    notify = environment.notify
    if notify is None:
        return (), 0.0
    return [
        Courier(one, partial(open_channel, one, notify, environment), outbox, retry_s=notify.retry_s, warn=warn)
        for one in notify.channels
    ], notify.retry_s


def _until_over(couriers: Sequence[Courier], desk: Desk, retry_s: float) -> None:
    """Nothing waits, and nobody writes any more; or it took too long."""
    written = time.monotonic()
    while time.monotonic() < written + retry_s + _SPARE_S:
        open_ = desk.is_written_to()  # asked before what waits: a line that comes in between is then seen
        if open_:
            written = time.monotonic()
        elif not any(courier.waiting() for courier in couriers):
            return
        time.sleep(_POLL_S)


def _until_written(threads: Sequence[threading.Thread]) -> None:
    """What is settled may be on its way to the disk still: lost there, it would be told twice."""
    end = time.monotonic() + _WRITTEN_S
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


def _warn(path: Path, text: str) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(fd, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}\n")
    except OSError:
        pass  # there is no one left to tell


def main(words: Sequence[str]) -> int:
    """The process."""
    deliver(Path(words[0]))
    return 0


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # a thread that hangs in a network is not waited for
