"""Socket.IO and websockets, as a flow needs them. The one file that imports socketio and websocket.

Every act ends by its limit; what comes in between two steps is kept, so that a step that waits cannot be too late.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from hummii_ops.checks.client.http import NoResponse, trusted
from hummii_ops.checks.flows.asking import parsed
from hummii_ops.checks.flows.expectations import Answer

_CLOSES_WITHIN_S = 2.0


def failed(reason: str) -> NoResponse:
    """A socket did not do what was asked of it."""
    return NoResponse(reason, connected=True)


class SocketIoClient:
    """One connection to a Socket.IO server."""

    def __init__(self) -> None:
        import socketio

        # Ctrl-C is for the flow to handle: it has to clean up.
        tls: dict[str, Any] = {"sslopt": {"context": trusted()}}
        self._client = socketio.Client(reconnection=False, handle_sigint=False, websocket_extra_options=tls)
        self._came: list[tuple[str, Any]] = []
        self._more = threading.Condition()
        self._client.on("*", self._take)

    def _take(self, event: str, *data: Any) -> None:
        with self._more:
            self._came.append((event, data[0] if len(data) == 1 else list(data)))
            self._more.notify_all()

    def connect(self, url: str, path: str, headers: dict[str, str], auth: Any, limit_s: float) -> Answer:
        import socketio

        try:
            self._client.connect(
                url, headers=headers, auth=auth, socketio_path=path, wait=True, wait_timeout=limit_s, retry=False
            )
        except socketio.exceptions.ConnectionError as error:
            raise failed(f"not connected: {error}") from None
        return Answer(value={"connected": True})

    def emit(self, event: str, data: Any, *, ack: bool, limit_s: float) -> Answer:
        import socketio

        try:
            if not ack:
                self._client.emit(event, data)
                return Answer(value=None)
            return Answer(value=self._client.call(event, data, timeout=limit_s))
        except socketio.exceptions.TimeoutError:
            raise failed(f"`{event}` was not acknowledged within {limit_s:.3g} s") from None
        except socketio.exceptions.SocketIOError as error:
            raise failed(f"`{event}` was not sent: {error}") from None

    def wait(self, event: str, fits: Callable[[Any], bool], limit_s: float) -> Answer:
        """The first event of this name that fits; it is taken, and does not come a second time."""
        deadline = time.monotonic() + limit_s
        with self._more:
            while True:
                for index, (name, data) in enumerate(self._came):
                    if name == event and fits(data):
                        del self._came[index]
                        return Answer(value=data)
                if not self._more.wait(max(0.0, deadline - time.monotonic())):
                    others = f", {len(self._came)} others came" if self._came else ""
                    raise failed(f"no `{event}` that matches within {limit_s:.3g} s{others}")

    def close(self) -> None:
        self._client.disconnect()


class WebSocketClient:
    """One websocket."""

    def __init__(self) -> None:
        self._socket: Any = None

    def connect(self, url: str, headers: dict[str, str], limit_s: float) -> Answer:
        import websocket

        header = [f"{name}: {value}" for name, value in headers.items()]
        tls: dict[str, ssl.SSLContext] = {"context": trusted()}
        try:
            self._socket = websocket.create_connection(url, timeout=limit_s, header=header, sslopt=tls)
        except (websocket.WebSocketException, OSError) as error:
            raise failed(f"not connected: {error}") from None
        return Answer(value={"connected": True})

    def send(self, data: Any, limit_s: float) -> Answer:
        import websocket

        try:
            self._opened().settimeout(limit_s)
            self._opened().send(data if isinstance(data, str) else json.dumps(data, ensure_ascii=False))
        except (websocket.WebSocketException, OSError) as error:
            raise failed(f"not sent: {error}") from None
        return Answer(value=None)

    def wait(self, fits: Callable[[Any], bool], limit_s: float) -> Answer:
        """The first message that fits; its JSON, or its text if it has none."""
        import websocket

        deadline, others = time.monotonic() + limit_s, 0
        while (left := deadline - time.monotonic()) > 0:
            try:
                self._opened().settimeout(left)
                text = self._opened().recv()
            except websocket.WebSocketTimeoutException:
                break
            except (websocket.WebSocketException, OSError) as error:
                raise failed(f"nothing received: {error}") from None
            text = text if isinstance(text, str) else text.decode(errors="replace")
            value = parsed(text)
            if fits(text if value is None else value):
                return Answer(value=text if value is None else value, text=text)
            others += 1
        raise failed(f"no message that matches within {limit_s:.3g} s" + (f", {others} others came" if others else ""))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close(timeout=_CLOSES_WITHIN_S)

    def _opened(self) -> Any:
        if self._socket is None:
            raise failed("this client is not connected")
        return self._socket
