"""One request of a flow: its templates filled, its marker added, sent, and its answer as a value.

A live payment key never leaves this machine, whatever a flow or an answer says.
"""

from __future__ import annotations

import json
import re
from threading import Event
from typing import Any
from urllib.parse import urlencode

from hummii_ops.checks.client.http import Caller, Request, Response
from hummii_ops.checks.flows.expectations import Answer
from hummii_ops.checks.flows.names import Names
from hummii_ops.checks.flows.parts import Http
from hummii_ops.checks.flows.templates import fill

MARKER = "X-Hummii-Ops-Run"
LIVE_KEY = re.compile(r"(?:sk|rk|pk)_live_[0-9a-z]{3}", re.IGNORECASE)


class LiveKey(Exception):
    """A live payment key was about to be sent; nothing was."""


def no_live_key(*texts: object) -> None:
    """Raises LiveKey if one stands in what is about to be sent."""
    if any(LIVE_KEY.search(text if isinstance(text, str) else repr(text)) for text in texts):
        raise LiveKey("a live payment key: nothing was sent")


def address(base: str, path: str) -> str:
    """The whole address of a path at the host's url."""
    return base.rstrip("/") + path if path.startswith("/") else path


def request_of(http: Http, names: Names, base: str) -> Request:
    """The request as it will be sent. Raises Unknown and LiveKey."""
    headers = {MARKER: names.run_id, "User-Agent": "hummii-ops"}
    content: bytes | None = None
    if "json_body" in http.model_fields_set:
        headers["Content-Type"] = "application/json"
        content = json.dumps(fill(http.json_body, names.lookup), ensure_ascii=False).encode()
    elif http.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        content = urlencode(fill(http.form, names.lookup)).encode()
    elif http.body is not None:
        content = str(fill(http.body, names.lookup)).encode()
    headers |= {name: str(value) for name, value in fill(http.headers, names.lookup).items()}
    url = address(base, str(fill(http.path, names.lookup)))
    no_live_key(url, headers, (content or b"").decode(errors="replace"))
    return Request(method=http.method, url=url, headers=headers, content=content, follow=http.follow)


def ask(http: Http, names: Names, caller: Caller, *, base: str, limit_s: float, stop: Event | None = None) -> Answer:
    """Ask once. Raises NoResponse, Unknown, LiveKey, Stopped."""
    return answer_of(caller.ask(request_of(http, names, base), limit_s=limit_s, stop=stop))


def answer_of(response: Response) -> Answer:
    """The answer as a value; a body that is no JSON is text alone."""
    text = response.body.decode(errors="replace")
    return Answer(
        value=parsed(text) if response.whole else None,
        text=text,
        status=response.status,
        headers=response.headers,
        timing=response.timing,
    )


def parsed(text: str) -> Any:
    """Its JSON; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
