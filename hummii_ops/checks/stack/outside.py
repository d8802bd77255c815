"""Health as the outside sees it: the public URL, asked from here."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Literal

from hummii_ops.checks.client.http import Caller, NoResponse, Request, warm
from hummii_ops.inventory import Environment, Host
from hummii_ops.transport.text import printable

_MOST_BYTES = 65536

__all__ = ["Looked", "gate_word", "health_url", "look", "warm"]

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
    """Ask once, with `timeout_s` for all of it: name, connection, headers, body, redirects."""
    caller = Caller()
    try:
        response = caller.ask(Request(url=url, follow=True), limit_s=timeout_s, most_bytes=_MOST_BYTES)
    except NoResponse as error:
        return Looked(verdict="fail" if error.connected else "error", url=url, reason=str(error))
    finally:
        caller.close()
    status, elapsed = response.status, response.timing.total_ms
    said = _version(response.body, field)
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
