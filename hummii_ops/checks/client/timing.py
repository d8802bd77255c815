"""Where the time of a request went, as far as httpx tells."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

_SENT, _ANSWERED = "http11.send_request_headers.started", "http11.receive_response_headers.complete"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Where the time went, in milliseconds. Finding the host's name is part of `connect_ms`; None: did not happen."""

    connect_ms: int | None = None
    tls_ms: int | None = None
    first_byte_ms: int | None = None
    total_ms: int = 0


class Clock:
    """What httpx tells of one request's way."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.sent = threading.Event()
        self._at: dict[str, float] = {}

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.began

    def trace(self, event: str, _info: object) -> None:
        self._at[event] = time.monotonic()
        if event == _SENT:
            self.sent.set()

    def _ms(self, event: str) -> int | None:
        at = self._at
        began, ended = at.get(f"{event}.started"), at.get(f"{event}.complete")
        return None if began is None or ended is None else round((ended - began) * 1000)

    def timing(self) -> Timing:
        sent, first = self._at.get(_SENT), self._at.get(_ANSWERED)
        return Timing(
            connect_ms=self._ms("connection.connect_tcp"),
            tls_ms=self._ms("connection.start_tls"),
            first_byte_ms=None if sent is None or first is None else round((first - sent) * 1000),
            total_ms=round((time.monotonic() - self.began) * 1000),
        )
