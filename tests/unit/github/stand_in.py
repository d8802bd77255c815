"""A GitHub on loopback, made from its published description: it refuses what the description does not know.

`runs`, `statuses` and `deployments` are what it holds; `troubles` are taken one by one before it answers at all.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import described

SHA = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "ghs_0123456789abcdefghij"


class StandIn(ThreadingHTTPServer):
    """The API of the repository hummii/shop."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.runs: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.deployments: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.message = "a change"
        self.troubles: list[str] = []
        self.asked: list[str] = []
        self.breaches: list[str] = []
        self.closing = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked may have gone away: that is what is tested. Anything else is a mistake in here."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.breaches.append(f"{error!r} at {self.asked[-1:]}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add_run(
        self, name: str, conclusion: str | None = "success", *, status: str = "completed", id: int = 0, run: int = 7
    ) -> None:
        """A check run, as GitHub has it after each workflow job."""
        schema = {"$ref": "#/components/schemas/check-run"}
        one = {"name": name, "status": status, "conclusion": conclusion, "head_sha": SHA}
        one |= {"id": id or len(self.runs) + 1, "completed_at": "2026-01-15T10:30:00Z" if conclusion else None}
        one |= {"details_url": f"https://github.com/hummii/shop/actions/runs/{run}/job/{one['id']}"}
        self.runs.append(described.example(schema) | one | {"app": None, "pull_requests": []})

    def add_status(self, context: str, state: str) -> None:
        """A commit status, as other services leave."""
        schema = {"$ref": "#/components/schemas/simple-commit-status"}
        self.statuses.append(described.example(schema) | {"context": context, "state": state})


@contextmanager
def serving() -> Iterator[StandIn]:
    """A stand-in, until the block is left; fails if anything was asked or answered that is not described."""
    server = StandIn()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
    assert not server.breaches, "\n".join(server.breaches)


class _Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.loads(raw) if raw else None
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.server.asked.append(f"{method} {self.path}")
        if self.server.troubles and self._trouble(self.server.troubles.pop(0)):
            return
        found = described.operation(method, parts.path)
        if found is None:
            self._answer(404, {"message": "Not Found"})
            return
        self.server.breaches += described.wrong_in_request(found[0], query, body)
        status, answer = self._made(method, parts.path, body, query)
        self.server.breaches += described.wrong_in_answer(found[0], status, answer)
        self._answer(status, answer)

    def _made(self, method: str, path: str, body: Any, query: dict[str, str]) -> tuple[int, Any]:
        server = self.server
        repository = described.example({"$ref": "#/components/schemas/full-repository"})
        repository |= {"full_name": "hummii/shop", "url": f"{server.url}/repos/hummii/shop"}
        if path.endswith("/check-runs"):
            return 200, {"total_count": len(server.runs), "check_runs": self._page(server.runs, query)}
        if path.endswith("/status"):
            found = described.example({"$ref": "#/components/schemas/combined-commit-status"})
            return 200, found | {
                "total_count": len(server.statuses),
                "statuses": self._page(server.statuses, query),
                "state": "success",
                "sha": SHA,
            }
        if "/git/commits/" in path:
            return 200, described.example({"$ref": "#/components/schemas/git-commit"}) | {"message": server.message}
        if path.endswith("/statuses"):
            return self._deployment_status(method, path, body)
        if path.endswith("/deployments"):
            return self._deployment(method, body)
        if "/commits/" in path:
            commit = described.example({"$ref": "#/components/schemas/commit"})
            return 200, commit | {"sha": SHA, "url": f"{server.url}/repos/hummii/shop/commits/{SHA}"}
        if "/deployments/" in path:
            return 200, server.deployments[int(path.rsplit("/", 1)[1]) - 1]
        return 200, repository

    def _deployment(self, method: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, self.server.deployments
        made = described.example({"$ref": "#/components/schemas/deployment"}) | body
        for gone in ("auto_merge", "required_contexts"):
            made.pop(gone, None)
        number = len(self.server.deployments) + 1
        made |= {"id": number, "sha": SHA, "url": f"{self.server.url}/repos/hummii/shop/deployments/{number}"}
        made |= {"statuses_url": f"{made['url']}/statuses", "original_environment": body["environment"]}
        made |= {"creator": None, "payload": {}}
        self.server.deployments.append(made)
        return 201, made

    def _deployment_status(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, self.server.told
        made = described.example({"$ref": "#/components/schemas/deployment-status"}) | body
        made.pop("auto_inactive", None)
        made |= {"creator": None, "id": len(self.server.told) + 1}
        self.server.told.append(made)
        return 201, made

    def _page(self, whole: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        if size * page < len(whole):
            at = f"{self.server.url}{urlsplit(self.path).path}"
            rest = "&".join(f"{key}={value}" for key, value in query.items() if key != "page")
            self._link = f'<{at}?{rest}&page={page + 1}>; rel="next"'
        return whole[size * (page - 1) : size * page]

    def _trouble(self, what: str) -> bool:
        """True: it has been answered."""
        match what:
            case "500" | "502" | "401" | "404":
                self._answer(int(what), {"message": "no"})
            case "rate-limit":
                reset = str(int(time.time()) + 3600)
                self._answer(403, {"message": "no"}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})
            case "retry-after":
                self._answer(429, {"message": "slowly"}, {"retry-after": "1"})
            case "black-hole":
                self.server.closing.wait(30)
            case "drip":
                self._drip()
            case "cut":
                self.close_connection = True
            case "html":
                self._raw(200, b"<html>", {})
            case "loop":
                self._answer(200, {"total_count": 1, "check_runs": []}, {"link": f'<{self._here}>; rel="next"'})
            case "elsewhere":
                away = '<http://localhost:1/steal>; rel="next"'
                self._answer(200, {"total_count": 1, "check_runs": []}, {"link": away})
            case "part":  # no link to the pages after it
                self._answer(200, {"total_count": 101, "check_runs": self.server.runs[:100]})
            case "ok":
                return False
        return True

    @property
    def _here(self) -> str:
        return f"{self.server.url}{self.path}"

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        while not self.server.closing.wait(0.1):
            self.wfile.write(b" ")
            self.wfile.flush()

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self._raw(status, json.dumps(body).encode(), {"content-type": "application/json"} | (headers or {}))

    def _raw(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        link = getattr(self, "_link", "")
        for name, value in headers.items() | ({("link", link)} if link else set()):
            self.send_header(name, value)
        self._link = ""
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
