"""A TCP relay in front of the lab's sshd that counts connections and round trips.

A round trip is a turn: the client sends after the server has sent. Loopback, one thread a connection.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from select import select


@dataclass
class Wire:
    """Listens on a free port of 127.0.0.1 and relays to `target`."""

    target: tuple[str, int]
    connections: int = 0
    round_trips: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        with self._lock:
            self.connections = self.round_trips = 0

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            with self._lock:
                self.connections += 1
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        server = socket.create_connection(self.target)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        last: socket.socket | None = None
        try:
            while True:
                for end in select([client, server], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    if end is client and last is server:
                        with self._lock:
                            self.round_trips += 1
                    last = end
                    (server if end is client else client).sendall(data)
        except OSError:
            return
        finally:
            client.close()
            server.close()
