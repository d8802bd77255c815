"""One request and its answer, within a limit for all of it. The one file that imports httpx.

httpx's own limits are for each read: a server that drips a byte now and then would hold us for as long as it likes.
What is sent never reaches another host by a redirect: neither headers nor body.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from hummii_ops.checks.client.deadline import TimeUp, within
from hummii_ops.checks.client.timing import Clock, Timing

if TYPE_CHECKING:
    import httpx

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked. `follow`: go where a redirect leads."""

    method: str = "GET"
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    follow: bool = False


@dataclass(frozen=True, kw_only=True)
class Response:
    """What was answered; header names are in lower case. `whole` False: the body was longer than was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    timing: Timing


class NoResponse(Exception):
    """There was no whole answer. `connected` False: nobody was reached, which says nothing about the stack."""

    def __init__(self, reason: str, *, connected: bool) -> None:
        super().__init__(reason)
        self.connected = connected


class Caller:
    """Asks, and keeps its connections from one request to the next. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def ask(
        self, request: Request, *, limit_s: float, most_bytes: int = 1 << 20, stop: threading.Event | None = None
    ) -> Response:
        """Ask, with `limit_s` for all of it: name, connection, headers, body, redirects.

        Raises NoResponse, and Stopped soon after `stop` is set.
        """
        clock = Clock()
        try:
            return within(limit_s, lambda: self._ask(request, clock, limit_s, most_bytes), stop=stop)
        except TimeUp:
            if clock.sent.is_set():
                raise NoResponse(f"no whole answer within {limit_s:.3g} s", connected=True) from None
            raise NoResponse(f"no connection within {limit_s:.3g} s", connected=False) from None

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _opened(self) -> httpx.Client:
        import httpx  # here, since a tenth of every other task's start would go into it

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(verify=trusted(), follow_redirects=False)
            return self._client

    def _ask(self, request: Request, clock: Clock, limit_s: float, most_bytes: int) -> Response:
        response = self._once(request, clock, limit_s, most_bytes)
        for _ in range(_MOST_REDIRECTS):
            if not request.follow or response.status not in _REDIRECTS or "location" not in response.headers:
                return response
            request = _next(request, response)
            response = self._once(request, clock, limit_s, most_bytes)
        raise NoResponse(f"no answer: more than {_MOST_REDIRECTS} redirects", connected=True)

    def _once(self, request: Request, clock: Clock, limit_s: float, most_bytes: int) -> Response:
        import httpx

        arguments: dict[str, Any] = {"headers": dict(request.headers), "content": request.content}
        try:
            with self._opened().stream(
                request.method, request.url, timeout=limit_s, extensions={"trace": clock.trace}, **arguments
            ) as answer:
                body, whole = _read(answer, clock, limit_s, most_bytes)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise NoResponse(f"no connection: {error}", connected=False) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
            raise NoResponse(f"not an address that can be asked: {error}", connected=False) from None
        except httpx.HTTPError as error:
            raise NoResponse(f"no answer: {error or type(error).__name__}", connected=True) from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(status=answer.status_code, headers=headers, body=body, whole=whole, timing=clock.timing())


def _read(answer: httpx.Response, clock: Clock, limit_s: float, most_bytes: int) -> tuple[bytes, bool]:
    body = b""
    for chunk in answer.iter_bytes():
        body += chunk
        if clock.elapsed_s > limit_s:
            raise NoResponse(f"no whole answer within {limit_s:.3g} s", connected=True)
        if len(body) > most_bytes:
            return body[:most_bytes], False
    return body, True


def _next(request: Request, response: Response) -> Request:
    """Where the redirect leads; to another place goes a bare GET, and what cannot be one does not go at all."""
    url = urljoin(request.url, response.headers["location"])
    keeps = response.status in (307, 308)
    same = _place(url) == _place(request.url)
    if keeps and not same and request.method not in ("GET", "HEAD"):
        raise NoResponse("no answer: redirected to another host, and the body does not go there", connected=True)
    method = request.method if keeps or request.method == "HEAD" else "GET"
    return Request(
        method=method,
        url=url,
        headers=request.headers if same else {},
        content=request.content if keeps and same else None,
        follow=True,
    )


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


@cache
def trusted() -> ssl.SSLContext:
    """Whom httpx trusts by default; loaded once, since it costs more than a look."""
    import httpx

    return httpx.create_ssl_context()


def warm() -> None:
    """Load what a request needs, in the background: while a host works, this side has time."""

    def load() -> None:
        with suppress(OSError):  # a wrong SSL_CERT_FILE is for the look itself to tell
            trusted()

    threading.Thread(target=load, name="warm", daemon=True).start()
