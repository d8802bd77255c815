"""One GET from here, as ours to be known, over a connection of its own, with a deadline for all of it.

Never follows a redirect, and never raises for what a server or a network does: that is an Answer without a status.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from hummii_ops.checks.client.http import Caller, NoResponse, Request

AGENT = "hummii-ops/probe"
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came, and how long it took; `status` None: no whole answer, and `error` says why."""

    status: int | None
    elapsed_ms: float
    body: bytes = b""
    error: str = ""


def fetch(url: str, *, within_s: float) -> Answer:
    """Ask, and be back within `within_s`."""
    caller, began = Caller(), time.monotonic()
    try:
        found = caller.ask(Request(url=url, headers={"user-agent": AGENT}), limit_s=within_s, most_bytes=_MOST_BYTES)
    except NoResponse as error:
        return Answer(status=None, elapsed_ms=_since(began), error=str(error))
    caller.close()
    if not found.whole:
        return Answer(status=None, elapsed_ms=_since(began), error="the answer does not end")
    return Answer(status=found.status, elapsed_ms=_since(began), body=found.body)


def _since(began: float) -> float:
    return (time.monotonic() - began) * 1000
