"""Posts over HTTP, and reads from the answer whether to try again: the same for every channel that speaks it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from hummii_ops.checks.client.http import Caller, NoResponse, Request, Response
from hummii_ops.telling.channels.channel import Later, Never

_PASSING = frozenset({408, 420, 425, 429})
_MOST_BYTES = 1 << 20


class Poster:
    """Asks one service; every request has `limit_s` for all of it."""

    def __init__(self, *, limit_s: float) -> None:
        self._caller, self._limit_s = Caller(), limit_s

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Post. Raises Later or Never for everything that is not a 2xx."""
        return self.ask("POST", url, body, headers)

    def ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        """Ask. Raises Later or Never for everything that is not a 2xx."""
        request = Request(method=method, url=url, headers=headers, content=body)
        try:
            answer = self._caller.ask(request, limit_s=self._limit_s, most_bytes=_MOST_BYTES)
        except NoResponse as error:
            raise Later(f"{_host(url)}: {_without(str(error), url)}", arrived=error.connected) from None
        return judged(answer, url)


def judged(answer: Response, url: str) -> Response:
    """The answer, if it is a good one. Raises Later for 429 and 5xx, Never for what stays wrong."""
    if 200 <= answer.status < 300:
        return answer
    said = f"{_host(url)} answered {answer.status}"
    if answer.status in _PASSING or answer.status >= 500:
        arrived = answer.status not in _PASSING
        raise Later(said, after_s=retry_after_s(answer.headers), arrived=arrived)
    raise Never(said)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds that the other side asks to wait, a day at most; 0 where it says nothing that we read, as a date."""
    try:
        asked = float(headers.get("retry-after", "0"))
    except ValueError:
        return 0.0
    return min(max(0.0, asked), 86_400.0) if math.isfinite(asked) else 0.0


def json_of(answer: Response, url: str, *, needs: str = "") -> dict[str, Any]:
    """The object that was answered, with this key. Raises Later where there is none: something between us answered."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Later(f"{_host(url)} answered something that is not JSON")
    if needs and needs not in value:
        raise Later(f"{_host(url)} answered something without {needs}")
    return value


def list_of(answer: Response, url: str) -> list[dict[str, Any]]:
    """The list of objects that was answered. Raises Later where there is none."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Later(f"{_host(url)} answered something that is not a list")
    return value


def _host(url: str) -> str:
    """The host alone: the rest of an address may be a secret."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


def _without(text: str, url: str) -> str:
    return text.replace(url, "the address")
