"""A relay before the proxy: what customers send passes through it, and a test hears of each piece that does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Forwards to `port` of this machine. `hear` gets the number of each piece on its way there, before it goes on."""

    def __init__(self, port: int, hear: Callable[[int], None]) -> None:
        self.passed = 0
        self._to, self._hear, self._lock = port, hear, threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @contextmanager
    def forwarding(self) -> Iterator[None]:
        """While the block runs; whoever came is gone at its end."""
        served: list[threading.Thread] = []

        def accept() -> None:
            with suppress(OSError):  # it was shut down
                while True:
                    near, _ = self._listener.accept()
                    served.append(threading.Thread(target=self._serve, args=(near,), daemon=True))
                    served[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            for one in (accepting, *served):
                one.join(20)
            self._listener.close()

    def _serve(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._to)) as far:
            back = threading.Thread(target=_carry, args=(far, near, lambda: None), daemon=True)
            back.start()
            _carry(near, far, self._count)
            back.join()

    def _count(self) -> None:
        with self._lock:
            self.passed += 1
            self._hear(self.passed)


def _carry(source: socket.socket, sink: socket.socket, count: Callable[[], None]) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            count()
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
