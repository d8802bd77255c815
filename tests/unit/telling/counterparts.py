"""What channels talk to, for tests: a Slack with a memory, a mail server, and servers with every kind of trouble."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Counterpart(ThreadingHTTPServer):
    """Answers as its `trouble` says; keeps what was asked. With no trouble it is a Slack, and takes any other post."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.trouble = ""
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.messages: list[dict[str, Any]] = []  # Slack's
        self.updates: list[dict[str, Any]] = []
        self.held = threading.Event()
        self.closing = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked may have gone away: that is what is tested."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """What was posted there."""
        return [json.loads(body) for where, _, body in self.asked if where.startswith(path)]


class _Handler(BaseHTTPRequestHandler):
    server: Counterpart

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
        match self.server.trouble:
            case "500":
                self._answer(500, b"no")
            case "401":
                self._answer(401, b"no")
            case "500-once":
                self.server.trouble = ""
                self._answer(500, b"no")
            case "429":
                self._answer(429, b"slowly", {"Retry-After": "3600"})
            case "ok-false":
                self._answer(200, b'{"ok": false, "error": "invalid_auth"}')
            case "huge":
                self._huge()
            case "black-hole":
                self.server.closing.wait(30)
            case "drip":
                self._drip()
            case "held":
                self._slack(body, answer=False)
                self.server.held.set()
                self.server.closing.wait(30)
            case _:
                self._slack(body)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _huge(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 33))
        self.end_headers()
        while not self.server.closing.is_set():
            self.wfile.write(b" " * 65536)

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\n")
        while not self.server.closing.is_set():
            self.wfile.write(b"X")
            self.wfile.flush()
            self.server.closing.wait(1)

    def _slack(self, body: bytes, *, answer: bool = True) -> None:
        method, said = self.path.partition("?")[0].rpartition("/")[2], {}
        if method == "chat.postMessage":
            ts = f"{time.time():.6f}"
            self.server.messages.append(json.loads(body) | {"ts": ts})
            said = {"ts": ts, "channel": "C1"}
        elif method == "chat.update":
            self.server.updates.append(json.loads(body))
        elif method in ("conversations.history", "conversations.replies"):
            asked = parse_qs(urlsplit(self.path).query)
            thread = asked.get("ts", [None])[0]
            said = {"messages": [one for one in self.server.messages if one.get("thread_ts") == thread]}
        if answer:
            self._answer(200, json.dumps({"ok": True} | said).encode())


@contextmanager
def counterpart(trouble: str = "") -> Iterator[Counterpart]:
    """One that serves."""
    server = Counterpart()
    server.trouble = trouble
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def dripping_smtp() -> Iterator[int]:
    """A mail server that greets with a byte a second."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        try:
            accepted, _ = listener.accept()
            with accepted:
                while not over.wait(1):
                    accepted.sendall(b"2")
        except OSError:
            return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            with socket.create_connection(listener.getsockname()[:2]):
                pass  # so that one who still waits for a caller goes on
    thread.join(timeout=5)


def closed_port() -> int:
    """A port at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
