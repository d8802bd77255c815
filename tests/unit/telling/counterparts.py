"""What channels talk to, for tests: servers with every kind of trouble, and without it a vendor with a memory."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from vendors import Asked, Slack, Vendor


class Counterpart(ThreadingHTTPServer):
    """Answers as its `trouble` says; keeps what was asked. With no trouble it answers as its vendor: a Slack, if none
    is named."""

    daemon_threads = True

    def __init__(self, vendor: Vendor | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.trouble = ""
        self.vendor = vendor or Slack()
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.held = threading.Event()
        self.closing = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked may have gone away: that is what is tested."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Slack's."""
        assert isinstance(self.vendor, Slack)
        return self.vendor.messages

    @property
    def updates(self) -> list[dict[str, Any]]:
        """Slack's."""
        assert isinstance(self.vendor, Slack)
        return self.vendor.updates


class _Handler(BaseHTTPRequestHandler):
    server: Counterpart

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.do_POST()

    def do_PATCH(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): text for name, text in self.headers.items()}
        self.server.asked.append((self.path, headers, body))
        asked = Asked(method=self.command, path=self.path, headers=headers, body=body)
        match self.server.trouble:
            case "500":
                self._answer(500, b"no")
            case "420":
                self._answer(420, b"slowly")
            case "401":
                self._answer(401, b"no")
            case "500-once":
                self.server.trouble = ""
                self._answer(500, b"no")
            case "429":
                self._answer(429, b"slowly", {"Retry-After": "3600"})
            case "ok-false":
                self._answer(200, b'{"ok": false, "error": "fatal_error"}')
            case "revoked":
                slack = isinstance(self.server.vendor, Slack)
                self._answer(200 if slack else 401, b'{"ok": false, "error": "token_revoked"}')
            case "huge":
                self._huge()
            case "black-hole":
                self.server.closing.wait(30)
            case "drip":
                self._drip()
            case "held" if self.command != "GET" and not self.path.endswith("chat.update"):  # what adds something
                self.server.vendor.answer(asked)
                self.server.held.set()
                self.server.closing.wait(30)
            case _:
                status, said = self.server.vendor.answer(asked)
                self._answer(status, json.dumps(said).encode(), {"Content-Type": "application/json"})

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


@contextmanager
def counterpart(
    trouble: str = "", vendor: Vendor | None = None, *, certificate: Path | None = None
) -> Iterator[Counterpart]:
    """One that serves; with a certificate over TLS."""
    server = Counterpart(vendor)
    server.trouble = trouble
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
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
def greeting(words: bytes, every_s: float) -> Iterator[int]:
    """A mail server that says these words to everyone, again and again, and nothing else; its port."""
    over = threading.Event()

    def greet(accepted: socket.socket) -> None:
        with accepted, suppress(OSError):
            while not over.is_set():
                accepted.sendall(words)
                over.wait(every_s)

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                threading.Thread(target=greet, args=(accepted,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def black_hole() -> Iterator[int]:
    """A port at which nothing is answered, not even that nobody is there: its queue is full, for ever."""
    with ExitStack() as room:
        listener = room.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            one = room.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


def closed_port() -> int:
    """A port at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
