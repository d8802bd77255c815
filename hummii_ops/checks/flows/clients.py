"""The named clients of one run of a flow, and what a flow does with them: connect, send, wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from hummii_ops.checks.flows.asking import MARKER, address, no_live_key
from hummii_ops.checks.flows.expectations import Answer, mismatch
from hummii_ops.checks.flows.models import SocketIo, WebSocket
from hummii_ops.checks.flows.names import Names
from hummii_ops.checks.flows.sockets import SocketIoClient, WebSocketClient, failed
from hummii_ops.checks.flows.templates import fill

_CLOSES_WITHIN_S = 2.0


class Clients:
    """The clients of one run of a flow, by name."""

    def __init__(self, names: Names, base: str) -> None:
        self._names, self._base = names, base
        self._io: dict[str, SocketIoClient] = {}
        self._web: dict[str, WebSocketClient] = {}

    def socketio(self, act: SocketIo, limit_s: float) -> Answer:
        """One act of a Socket.IO client. Raises NoResponse, Unknown, LiveKey."""
        if act.connect is not None:
            _close(self._io.pop(act.client, None))
            client = self._io[act.client] = SocketIoClient()
            auth, headers, path = self._filled(act.connect.auth), self._headers(act.connect.headers), act.connect.path
            url = address(self._base, str(self._filled(path or "/socket.io")))
            parts = urlsplit(url)
            return client.connect(f"{parts.scheme}://{parts.netloc}", parts.path.strip("/"), headers, auth, limit_s)
        if (there := self._io.get(act.client)) is None:
            raise failed(f"client {act.client} is not connected")
        if act.emit is not None:
            return there.emit(act.emit, self._filled(act.data), ack=act.ack, limit_s=limit_s)
        return there.wait(act.event or "", self._fits(act), limit_s)

    def websocket(self, act: WebSocket, limit_s: float) -> Answer:
        """One act of a websocket. Raises NoResponse, Unknown, LiveKey."""
        if act.connect is not None:
            _close(self._web.pop(act.client, None))
            client = self._web[act.client] = WebSocketClient()
            parts = urlsplit(address(self._base, str(self._filled(act.connect.path or "/"))))
            scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
            return client.connect(
                urlunsplit(parts._replace(scheme=scheme)), self._headers(act.connect.headers), limit_s
            )
        there = self._web.get(act.client) or WebSocketClient()
        if "send" in act.model_fields_set:
            return there.send(self._filled(act.send), limit_s)
        return there.wait(self._fits(act), limit_s)

    def close(self) -> None:
        """Leave; a server that does not let go is left behind."""
        for io in self._io.values():
            _close(io)
        for web in self._web.values():
            _close(web)

    def _filled(self, value: Any) -> Any:
        filled = fill(value, self._names.lookup)
        no_live_key(filled)
        return filled

    def _headers(self, headers: Any) -> dict[str, str]:
        return {MARKER: self._names.run_id} | {name: str(value) for name, value in self._filled(headers).items()}

    def _fits(self, act: SocketIo | WebSocket) -> Callable[[Any], bool]:
        return lambda value: mismatch(act.match, value, self._names.lookup) is None


def _close(client: SocketIoClient | WebSocketClient | None) -> None:
    if client is not None:
        closing = threading.Thread(target=_quietly, args=(client,), daemon=True)
        closing.start()
        closing.join(_CLOSES_WITHIN_S)


def _quietly(client: SocketIoClient | WebSocketClient) -> None:
    with suppress(Exception):
        client.close()
