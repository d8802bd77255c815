"""Work that is waited for until a moment, and no longer.

The work itself cannot be killed: it runs in a thread that is left behind. It must change nothing of ours afterwards.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")
_POLL_S = 0.05
_GRACE_S = 3.0


class TimeUp(Exception):
    """The work did not end in time; whether it ever does is not known."""


class Stopped(Exception):
    """Somebody asked to stop; `ended`: the work had come to its end by then."""

    def __init__(self, *, ended: bool) -> None:
        super().__init__("stopped")
        self.ended = ended


def within(limit_s: float, work: Callable[[], _T], *, stop: threading.Event | None = None) -> _T:
    """What `work` returns or raises, if it ends in `limit_s`. Raises TimeUp, and Stopped soon after `stop` is set.

    Work that is under way at `stop` gets a few seconds to end: who cleans up after it must know what it did.
    """
    ended: queue.SimpleQueue[tuple[_T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put((work(), None))
        except BaseException as error:
            ended.put((None, error))

    threading.Thread(target=run, name="within", daemon=True).start()
    deadline = time.monotonic() + limit_s
    while True:
        left = deadline - time.monotonic()
        try:
            value, error = ended.get(timeout=max(0.0, min(left, _POLL_S) if stop else left))
        except queue.Empty:
            if left <= 0:
                raise TimeUp from None
            if stop is not None and stop.is_set():
                raise Stopped(ended=_ends(ended, min(left, _GRACE_S))) from None
            continue
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # of the work's own type, since it did not raise


def _ends(ended: queue.SimpleQueue[tuple[_T | None, BaseException | None]], limit_s: float) -> bool:
    try:
        ended.get(timeout=max(0.0, limit_s))
    except queue.Empty:
        return False
    return True
