"""Is the other end still there? Asked through the whole link, jump hosts too, while a command is at work.

Never trusts TCP for it: a proxy or a jump host on the way keeps acknowledging for a host that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from time import monotonic

from hummii_ops.transport.protocol import LinkLost


class Pulse:
    """`ping` waits for the server's answer and says whether it came; `cut` ends the connection.

    Silent for `every_s`: a ping is sent. Silent for `silence_s`: cut, and all commands are LinkLost.
    """

    def __init__(
        self,
        name: str,
        *,
        ping: Callable[[], bool],
        cut: Callable[[], None],
        every_s: float,
        silence_s: float,
    ) -> None:
        self._name = name
        self._ping = ping
        self._cut = cut
        self._every_s = every_s
        self._silence_s = silence_s
        self._heard = monotonic()
        self._listeners = 0
        self._counting = Lock()
        self._pinging = Lock()  # held while a ping is on its way

    def heard(self) -> None:
        self._heard = monotonic()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Around a command: an idle link is not judged, so the first listener starts the clock anew."""
        with self._counting:
            if self._listeners == 0:
                self.heard()
            self._listeners += 1
        try:
            yield
        finally:
            with self._counting:
                self._listeners -= 1

    def check(self) -> None:
        """Called a few times a second by whoever waits on the link."""
        silent_s = monotonic() - self._heard
        if silent_s > self._silence_s:
            self._cut()
            raise LinkLost(f"{self._name}: the link has been silent for {silent_s:.0f} s; the outcome is unknown")
        if silent_s > self._every_s and self._pinging.acquire(blocking=False):
            Thread(target=self._send_ping, name=f"ping {self._name}", daemon=True).start()

    def _send_ping(self) -> None:
        try:
            if self._ping():
                self.heard()
        finally:
            self._pinging.release()
