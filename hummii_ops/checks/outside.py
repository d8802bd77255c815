"""Health as the outside sees it: the public URL, asked from here. The one file that imports httpx."""

from __future__ import annotations

import json
import queue
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Literal

from hummii_ops.inventory import Environment, Host
from hummii_ops.transport.text import printable

_MOST_BYTES = 65536

LookedVerdict = Literal["pass", "fail", "error"]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """One look from outside. "error": we could not look (no route, no name): it says nothing about the stack."""

    verdict: LookedVerdict
    url: str
    reason: str
    status: int | None = None
    version: str | None = None
    elapsed_ms: int | None = None


def health_url(environment: Environment, host: Host) -> str | None:
    """The host's public health URL, if the inventory names one."""
    return host.url.rstrip("/") + environment.health.path if host.url else None


def look(url: str, *, field: str | None, version: str | None, timeout_s: float = 5) -> Looked:
    """Ask once, with `timeout_s` for all of it: name, connection, headers, body, redirects.

    A thread asks, and is left behind at the deadline: httpx's own limits are for each read, so that a server that
    drips a byte now and then would hold us for as long as it likes.
    """
    said: queue.SimpleQueue[Looked] = queue.SimpleQueue()
    connected = threading.Event()

    def ask() -> None:
        said.put(_ask(url, field=field, version=version, timeout_s=timeout_s, connected=connected))

    threading.Thread(target=ask, name="look", daemon=True).start()
    try:
        return said.get(timeout=timeout_s)
    except queue.Empty:
        if connected.is_set():
            return Looked(verdict="fail", url=url, reason=f"no whole answer within {timeout_s:g} s")
        return Looked(verdict="error", url=url, reason=f"no connection within {timeout_s:g} s")


def warm() -> None:
    """Load what a look needs, in the background: while a host works, this side has time."""

    def load() -> None:
        with suppress(OSError):  # a wrong SSL_CERT_FILE is for the look itself to tell
            _trusted()

    threading.Thread(target=load, name="warm", daemon=True).start()


@cache
def _trusted() -> ssl.SSLContext:
    """Whom httpx trusts by default; loaded once, since it costs more than a look."""
    import httpx

    return httpx.create_ssl_context()


def _ask(url: str, *, field: str | None, version: str | None, timeout_s: float, connected: threading.Event) -> Looked:
    import httpx  # here, since a tenth of every other task's start would go into it

    began = time.monotonic()

    def trace(event: str, _info: object) -> None:
        if event == "http11.send_request_headers.started":
            connected.set()

    try:
        with (
            httpx.Client(verify=_trusted(), timeout=timeout_s, follow_redirects=True) as client,
            client.stream("GET", url, extensions={"trace": trace}) as response,
        ):
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES or time.monotonic() - began > timeout_s:
                    break
            status = response.status_code
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        return Looked(verdict="error", url=url, reason=f"no connection: {error}")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        return Looked(verdict="error", url=url, reason=f"not an address that can be asked: {error}")
    except httpx.HTTPError as error:
        return Looked(verdict="fail", url=url, reason=f"no answer: {error or type(error).__name__}")
    elapsed = int((time.monotonic() - began) * 1000)
    said = _version(body, field)
    if not 200 <= status < 300:
        return Looked(verdict="fail", url=url, reason=f"HTTP {status}", status=status, version=said, elapsed_ms=elapsed)
    if field and version and said != version:
        reason = f"answers as version {said or 'unknown'}, not {version}"
        return Looked(verdict="fail", url=url, reason=reason, status=status, version=said, elapsed_ms=elapsed)
    return Looked(verdict="pass", url=url, reason=f"HTTP {status}", status=status, version=said, elapsed_ms=elapsed)


def gate_word(url: str, *, field: str | None, version: str | None, within_s: float = 30) -> str:
    """The answer for the gate: go when it is good; back when it answers and stays wrong; keep when we cannot look."""
    deadline = time.monotonic() + within_s
    while True:
        seen = look(url, field=field, version=version)
        if seen.verdict == "pass":
            return "go"
        if time.monotonic() >= deadline:
            return "back" if seen.verdict == "fail" else "keep"
        time.sleep(0.5)


def _version(body: bytes, field: str | None) -> str | None:
    if not field:
        return None
    try:
        value = json.loads(body).get(field)
    except (ValueError, AttributeError, RecursionError):
        return None
    return printable(value)[:100] if isinstance(value, str) else None
