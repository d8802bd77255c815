"""A small shop that customers can register, log in, order, chat and pay at: the counterpart of the flows.

It can break one thing at a time, and it can be asked what is left in it. It speaks real HTTP, Socket.IO and websockets.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import simple_websocket
import socketio

Reply = tuple[int, Any]


class Shop:
    """Its state, and its answers. `broken` holds the flows that are broken; `before` is called with each request."""

    def __init__(self) -> None:
        self.users: dict[str, str] = {}
        self.orders: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.payments: list[dict[str, Any]] = []
        self.broken: set[str] = set()
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        self.orders_that_fail: Callable[[int], bool] = lambda _: False
        self.list_takes_s = 0.0
        self._attempts = 0
        self._lock = threading.Lock()

    def anything_left(self) -> list[str]:
        """What is there that was not there at the start."""
        kinds = {"users": self.users, "orders": self.orders, "messages": self.messages, "payments": self.payments}
        return [name for name, rows in kinds.items() if rows]

    def answer(self, method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        user = headers.get("authorization", "").removeprefix("Bearer token-of-")
        user = user if user in self.users else ""
        with self._lock:
            match f"{method} {path}":
                case "GET /api/health":
                    return (503, {}) if "health" in self.broken else (200, {"version": "1.0"})
                case "POST /api/register":
                    return self._register(body)
                case "POST /api/login":
                    return self._login(body)
                case "DELETE /api/me" if user:
                    return self._leave(user)
                case "POST /api/orders" if user:
                    return self._order(body, user)
                case "GET /api/orders" if user:
                    return 200, {"orders": [one for one in self.orders if one["by"] == user]}
                case "GET /api/messages" if user:
                    return 200, {"messages": [one for one in self.messages if one["by"] == user]}
                case "POST /api/payments" if user:
                    return self._pay(body, user)
        return (401, {"error": "log in first"}) if path.startswith("/api/") else (404, {})

    def _register(self, body: dict[str, Any]) -> Reply:
        if "registration" in self.broken or body["email"] in self.users:
            return 409, {"error": "taken"}
        self.users[body["email"]] = body["password"]
        return 201, {"id": len(self.users), "email": body["email"]}

    def _login(self, body: dict[str, Any]) -> Reply:
        if self.users.get(body["email"]) != body["password"]:
            return 401, {"error": "wrong"}
        return 200, {"token": "nobody" if "token" in self.broken else f"token-of-{body['email']}"}

    def _leave(self, user: str) -> Reply:
        if "leaving" in self.broken:
            return 500, {}
        del self.users[user]
        for rows in (self.orders, self.messages, self.payments):
            rows[:] = [one for one in rows if one["by"] != user]
        return 204, None

    def _order(self, body: dict[str, Any], user: str) -> Reply:
        self._attempts += 1
        if "order" in self.broken or self.orders_that_fail(self._attempts):
            return 500, {"error": "internal error"}
        self.orders.append({"id": self._attempts, "by": user, "item": body["item"], "quantity": body["quantity"]})
        return 201, self.orders[-1]

    def _pay(self, body: dict[str, Any], user: str) -> Reply:
        if "payment" in self.broken:
            return 402, {"error": "Your card was declined."}
        self.payments.append({"by": user, "order": body["order_id"]})
        return 201, {"id": 1, "status": "succeeded"}


class _Handler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def get_environ(self) -> dict[str, Any]:
        return super().get_environ() | {"werkzeug.socket": self.connection}


class _Server(WSGIServer):
    daemon_threads = True

    def process_request(self, request: Any, client_address: Any) -> None:
        threading.Thread(target=self._one, args=(request, client_address), daemon=True).start()

    def _one(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass
        finally:
            self.shutdown_request(request)


class ShopServer:
    """The shop on a port of this machine."""

    def __init__(self) -> None:
        self.shop = Shop()
        self._io = socketio.Server(async_mode="threading")
        self._chat()
        app = socketio.WSGIApp(self._io, self._wsgi)
        self._server = make_server("127.0.0.1", 0, app, server_class=_Server, handler_class=_Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _chat(self) -> None:
        shop, users = self.shop, {}

        @self._io.on("connect")
        def connect(sid: str, _environ: Any, auth: Any) -> bool:
            users[sid] = str((auth or {}).get("token")).removeprefix("token-of-")
            return users[sid] in shop.users

        @self._io.on("message")
        def message(sid: str, data: Any) -> dict[str, Any]:
            shop.messages.append({"id": len(shop.messages) + 1, "text": data["text"], "by": users[sid]})
            if "chat" not in shop.broken:
                self._io.emit("message", {"id": 0, "text": "something else", "from": "x"}, skip_sid=sid)
                self._io.emit("message", {**shop.messages[-1], "from": users[sid]}, skip_sid=sid)
            return {"id": len(shop.messages)}

    def _wsgi(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/ws":
            return _echo(environ)
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        headers = {
            key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")
        }
        text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        self.shop.asked.append((f"{method} {path}", headers, text))
        self.shop.before(f"{method} {path}")
        if path == "/api/orders" and method == "GET":
            time.sleep(self.shop.list_takes_s)
        code, value = self.shop.answer(method, path, headers, json.loads(text) if text.startswith("{") else {})
        self.shop.after(f"{method} {path}")
        start(f"{code} {'x'}", [("Content-Type", "application/json"), ("X-Shop", "open")])
        return [] if value is None else [json.dumps(value).encode()]


def _echo(environ: dict[str, Any]) -> Iterable[bytes]:
    link = simple_websocket.Server(environ)
    try:
        while True:
            link.send(json.dumps({"noise": True}))
            link.send(json.dumps({"echo": link.receive()}))
    except simple_websocket.ConnectionClosed:
        return []
