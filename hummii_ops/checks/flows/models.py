"""A flow as a value: its steps, what each expects, and how what it makes is cleaned up.

A file that says anything else is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, model_validator

from hummii_ops.checks.flows.parts import (
    Address,
    Capture,
    Expect,
    Http,
    Part,
    Predicate,
    Query,
    Seconds,
    Statuses,
    Variable,
    WaitUntil,
)
from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import wrong

_P = TypeVar("_P", bound=BaseModel)
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


def _has_one(part: _P, *keys: str) -> _P:
    if len(part.model_fields_set & set(keys)) != 1:
        wrong(f"must have exactly one of {', '.join(f'`{key}`' for key in keys)}")
    return part


class Connect(Part):
    """A new connection of a client. `path`: of Socket.IO, or of the websocket."""

    path: Address | None = None
    headers: Mapping[str, str] = {}
    auth: Any = None


class SocketIo(Part):
    """One act of a named client: to connect, to emit, or to wait for an event that matches."""

    client: fields.Text = "client"
    connect: Connect | None = None
    emit: fields.Text | None = None
    data: Any = None
    ack: bool = True
    event: fields.Text | None = None
    match: Mapping[Query, Predicate] = {}

    @model_validator(mode="after")
    def _one_act(self) -> SocketIo:
        return _has_one(self, "connect", "emit", "event")


class WebSocket(Part):
    """One act of a named client: to connect, to send, or to receive a message that matches."""

    client: fields.Text = "client"
    connect: Connect | None = None
    send: Any = None
    receive: Literal[True] | None = None
    match: Mapping[Query, Predicate] = {}

    @model_validator(mode="after")
    def _one_act(self) -> WebSocket:
        return _has_one(self, "connect", "send", "receive")


class CleanUp(Part):
    """A request that takes away what a step made. `gone`: statuses that mean that there is nothing to take away."""

    name: fields.Name
    http: Http
    expect: Expect = Expect()
    capture: Mapping[Variable, Capture] = {}
    gone: Statuses = ()


class Step(Part):
    """One thing that a customer does."""

    name: fields.Name
    http: Http | None = None
    socketio: SocketIo | None = None
    websocket: WebSocket | None = None
    wait_until: WaitUntil | None = None
    expect: Expect = Expect()
    capture: Mapping[Variable, Capture] = {}
    within_s: Seconds = 10
    repeat: int = Field(default=1, ge=1, le=500)
    max_failures: int = Field(default=0, ge=0)
    limit_ms: float | None = Field(default=None, gt=0)
    retry: int = Field(default=0, ge=0, le=20)
    idempotent: bool = False
    payment: Literal["test"] | None = None
    cleanup: tuple[CleanUp, ...] = ()

    @property
    def request(self) -> Http | None:
        """What it asks over HTTP, if it does."""
        return self.http or self.wait_until

    @model_validator(mode="after")
    def _one_kind(self) -> Step:
        _has_one(self, "http", "socketio", "websocket", "wait_until")
        if self.retry and not (self.idempotent or (self.http and self.http.method in IDEMPOTENT)):
            wrong("`retry` could do it twice; if that is harmless, say `idempotent: true`")
        if self.request is None and (self.expect.status or self.expect.headers):
            wrong("a socket has neither status nor headers to expect")
        return self


class Flow(Part):
    """What a customer does, from its first step to its last.

    `setup` makes what the flow needs: if that fails, the flow is not judged, for another flow tells what is broken.
    """

    name: fields.Name
    about: str = ""
    deadline_s: Seconds = 30
    critical: bool = True
    vars: Mapping[Variable, Any] = {}
    setup: tuple[Step, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
