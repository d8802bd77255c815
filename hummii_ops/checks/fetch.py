"""One GET or POST from here, with a deadline for all of it. Beside outside.py the one file that imports httpx.

Never follows a redirect, and never raises for what a server or a network does: that is an Answer without a status.
"""

from __future__ import annotations

import queue
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

MOST_BYTES = 4 * 1024 * 1024
AGENT = "hummii-ops/probe"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came, and how long it took; `status` None: no whole answer, and `error` says why."""

    status: int | None
    elapsed_ms: float
    body: bytes = b""
    error: str = ""


def fetch(url: str, *, within_s: float, form: Mapping[str, str] | None = None) -> Answer:
    """Ask, and be back within `within_s`: httpx's own limits are for each read, and a server may drip for minutes."""
    said: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    began = time.monotonic()
    threading.Thread(target=lambda: said.put(ask(url, within_s=within_s, form=form)), daemon=True).start()
    try:
        return said.get(timeout=within_s)
    except queue.Empty:
        return Answer(status=None, elapsed_ms=_since(began), error=f"no whole answer within {within_s:g} s")


def ask(url: str, *, within_s: float, form: Mapping[str, str] | None = None) -> Answer:
    """The same in this thread, which a server that drips can hold a little longer. Each over its own connection."""
    import httpx  # here, since a tenth of every other task's start would go into it

    began, body = time.monotonic(), b""
    method = "GET" if form is None else "POST"
    try:
        verify = _trusted() if url.startswith("https") else False
        with (
            httpx.Client(verify=verify, timeout=within_s, headers={"user-agent": AGENT}) as client,
            client.stream(method, url, data=form) as response,
        ):
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES or time.monotonic() - began > within_s:
                    return Answer(status=None, elapsed_ms=_since(began), error="the answer does not end")
            return Answer(status=response.status_code, elapsed_ms=_since(began), body=body)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return Answer(status=None, elapsed_ms=_since(began), error=str(error) or type(error).__name__)


@cache
def _trusted() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


def _since(began: float) -> float:
    return (time.monotonic() - began) * 1000
