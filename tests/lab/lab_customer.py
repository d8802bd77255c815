"""A customer of the lab's shop, at its public URL: what they send, and what they get back."""

from __future__ import annotations

import json
import queue
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import socketio

Body = dict[str, Any]


class Shopper:
    """One customer; `token` is what the last log-in gave."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.email = f"{uuid.uuid4().hex}@shopper.test"
        self.token = ""

    def send(self, method: str, path: str, body: Body | None = None) -> tuple[int, Body]:
        """One request; the status, and the answer's JSON ({} when it has none)."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json", "authorization": f"Bearer {self.token}"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def timed(self, method: str, path: str) -> float:
        """How many seconds a good answer takes."""
        began = time.monotonic()
        assert self.send(method, path)[0] == 200
        return time.monotonic() - began

    def register(self) -> int:
        return self.send("POST", "register", {"email": self.email, "password": "secret"})[0]

    def log_in(self) -> int:
        status, body = self.send("POST", "login", {"email": self.email, "password": "secret"})
        self.token = body.get("token", "")
        return status

    def order(self) -> tuple[int, int]:
        """The status, and the order's id (0: none)."""
        status, body = self.send("POST", "orders", {"item": "harp", "quantity": 1})
        return status, body.get("id", 0)

    def pay(self, order: int, **more: str) -> tuple[int, Body]:
        return self.send("POST", "payments", {"order_id": order, "amount_cents": 250, **more})


def arrived(url: str) -> Shopper:
    """A new customer who is logged in."""
    shopper = Shopper(url)
    assert (shopper.register(), shopper.log_in()) == (201, 200)
    return shopper


class Chat:
    """A customer's open chat: what they say, and what they hear."""

    def __init__(self, client: socketio.Client, heard: queue.Queue[Body]) -> None:
        self.client, self.heard = client, heard

    def say(self, text: str) -> Body:
        return cast(Body, self.client.call("message", {"text": text}, timeout=10))

    def hears(self, limit_s: float) -> Body | None:
        """The next message; None when none came."""
        try:
            return self.heard.get(timeout=limit_s)
        except queue.Empty:
            return None


@contextmanager
def chatting(url: str, token: str, *transports: str) -> Iterator[Chat]:
    """An open chat. Raises socketio.exceptions.ConnectionError when the token is not accepted."""
    heard: queue.Queue[Body] = queue.Queue()
    client = socketio.Client(reconnection=False)
    client.on("message", heard.put)
    try:
        client.connect(url, auth={"token": token}, transports=list(transports) or None, wait_timeout=10)
        yield Chat(client, heard)
    finally:
        client.disconnect()
