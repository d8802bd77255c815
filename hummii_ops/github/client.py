"""GitHub's REST API for one repository: every question, with its pages and repetitions, within one deadline.

Never raises anything but NoAnswer, and never follows a page to another host: the token would go along.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from hummii_ops.checks.client.http import Caller, NoResponse, Request, Response
from hummii_ops.inventory import Secret
from hummii_ops.transport.text import printable

API = "https://api.github.com"
MOST_PAGES = 50  # of 100; what is longer is not what we ask for
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
_MOST_BYTES = 8 << 20
_REPOSITORY = re.compile(r"[A-Za-z0-9_-]+/(?!\.{1,2}\Z)[A-Za-z0-9._-]+")
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')


class NoAnswer(Exception):
    """GitHub could not be asked, or answered nothing that can be used. `status` None: there was no answer at all."""

    def __init__(self, what: str, *, status: int | None = None) -> None:
        super().__init__(what)
        self.status = status


@dataclass(kw_only=True)
class GitHub:
    """The API for a repository (owner/name). `limit_s` is for all that is asked through it, from its making on."""

    repository: str
    token: Secret | None
    limit_s: float
    url: str = API
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _caller: Caller = field(default_factory=Caller, repr=False)
    _since: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    @property
    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.limit_s - (self.clock() - self._since)

    def close(self) -> None:
        """Give the connections back."""
        self._caller.close()

    def get(self, path: str) -> Any:
        """What stands at `/repos/OWNER/NAME<path>`."""
        return _json(self._ask("GET", self._at(path), None))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make something. Asked once: whether an answer that was lost came after the deed is not known."""
        made = _json(self._ask("POST", self._at(path), json.dumps(body).encode(), again=False))
        if not isinstance(made, dict):
            raise NoAnswer("GitHub answered something that is not an object")
        return made

    def pages(self, path: str, key: str | None = None) -> list[dict[str, Any]]:
        """Every element of a list, page by page; `key` names the list in an object, which says how many there are."""
        url, seen = self._at(f"{path}{'&' if '?' in path else '?'}per_page=100"), set[str]()
        found: list[dict[str, Any]] = []
        page: Any = None
        while url:
            if url in seen or len(seen) >= MOST_PAGES:
                raise NoAnswer(f"GitHub's pages do not end ({len(seen)} were read)")
            seen.add(url)
            answer = self._ask("GET", url, None)
            page = _json(answer)
            found += _list(page, key)
            url = self._next(answer)
        _whole(page, len(found))
        return found

    def _at(self, path: str) -> str:
        if not _REPOSITORY.fullmatch(self.repository):  # it could name another address than it seems to
            raise NoAnswer(f"GitHub was not asked: {printable(self.repository)!r:.60} is no owner/name")
        return f"{self.url}/repos/{self.repository}{path}"

    def _next(self, answer: Response) -> str:
        match = _NEXT.search(answer.headers.get("link", ""))
        if match is None:
            return ""
        if _origin(match[1]) != _origin(self.url):
            raise NoAnswer("GitHub's next page is on another host; it was not asked")
        return match[1]

    def _ask(self, method: str, url: str, body: bytes | None, *, again: bool = True) -> Response:
        request = Request(method=method, url=url, headers=self._headers(), content=body, follow=method == "GET")
        pauses = iter(_PAUSES_S)
        while True:
            trouble, wait_s = self._once(request)
            if isinstance(trouble, Response):
                return trouble
            pause_s = wait_s or next(pauses, _PAUSES_S[-1])
            if wait_s is None or not again or pause_s >= self.left_s:
                raise trouble
            self.pause(pause_s)

    def _once(self, request: Request) -> tuple[Response | NoAnswer, float | None]:
        """The answer; or what is wrong, and after how long to ask again (0: soon, None: never)."""
        if self.left_s <= 0:
            return NoAnswer(f"GitHub did not answer within {self.limit_s:.3g} s"), None
        try:
            answer = self._caller.ask(request, limit_s=self.left_s, most_bytes=_MOST_BYTES)
        except NoResponse as error:
            return NoAnswer(f"GitHub: {error}"), 0.0
        if 200 <= answer.status < 300:
            return answer, None
        if answer.status >= 500:
            return NoAnswer(f"GitHub answered {answer.status}", status=answer.status), 0.0
        limited_s = _limited_s(answer)
        if limited_s is None:
            return NoAnswer(_refused(answer), status=answer.status), None
        what = f"GitHub's rate limit is used up; it asks us to wait {limited_s:.0f} s"
        return NoAnswer(what, status=answer.status), limited_s

    def _headers(self) -> dict[str, str]:
        said = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        said |= {"Content-Type": "application/json", "User-Agent": "hummii-ops"}
        return said | ({"Authorization": f"Bearer {self.token.reveal()}"} if self.token else {})


def _limited_s(answer: Response) -> float | None:
    """Seconds to wait where a rate limit says no; None where it is another no."""
    if answer.status not in (403, 429):
        return None
    with_date = answer.headers.get("retry-after", "")
    if with_date.isascii() and with_date.isdecimal():
        return float(with_date) or 1.0
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdecimal():
        return max(1.0, float(reset) - time.time())
    return 60.0 if answer.status == 429 else None  # as GitHub asks of who is told no more than that


def _refused(answer: Response) -> str:
    why = {
        401: "the token is not accepted",
        403: "the token may not do this",
        404: "no such repository or commit, or the token may not read it",
    }
    return f"GitHub answered {answer.status}: {why.get(answer.status, 'it does not take what we ask')}"


def _json(answer: Response) -> Any:
    if not answer.whole:
        raise NoAnswer("GitHub's answer is too long to be what we asked for")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise NoAnswer("GitHub answered something that is not JSON", status=answer.status) from None


def _list(page: Any, key: str | None) -> list[dict[str, Any]]:
    listed = page.get(key) if key is not None and isinstance(page, dict) else page
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise NoAnswer("GitHub answered something that is not the list that we asked for")
    return listed


def _whole(last_page: Any, listed: int) -> None:
    """A page that was left out may hold the check that failed."""
    total = last_page.get("total_count") if isinstance(last_page, dict) else None
    if isinstance(total, int) and total > listed:
        raise NoAnswer(f"GitHub listed {listed} of {total}; what is missing may have failed")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return "", None, None
