"""A small web server whose answers a test chooses, and which knows what it was asked."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SmallServer:
    """Paths: /quick, /slow (0.4 s), /broken (500), /first-slow (its first two answers), /drip (never ends)."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked[self.path] += 1
                outer.agents.add(self.headers["user-agent"])
                outer.answer(self, outer.asked[self.path])

            def log_message(self, format: str, *args: object) -> None:
                """No noise."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def answer(self, handler: BaseHTTPRequestHandler, times: int) -> None:
        if handler.path == "/slow" or (handler.path == "/first-slow" and times <= 2):
            time.sleep(0.4)
        handler.send_response(500 if handler.path == "/broken" else 200)
        handler.end_headers()
        if handler.path == "/drip":
            try:
                while True:
                    handler.wfile.write(b".")
                    handler.wfile.flush()
                    time.sleep(0.2)
            except OSError:
                return

    @contextmanager
    def serving(self) -> Iterator[SmallServer]:
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
