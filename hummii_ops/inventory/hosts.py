"""The machines that an inventory names: hosts, and the hops on the way to them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from hummii_ops.errors import UsageError
from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen, wrong


class Hop(Frozen):
    """A machine on the way to a host, or a host as it is named on a command line: `[user@]address[:port]`."""

    address: fields.Address = Field(description="Host name or IP address.")
    port: fields.Port = Field(default=22, description="TCP port of its sshd.")
    user: fields.User | None = Field(default=None, description="Login name; null leaves it to ssh_config.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `[user@]address[:port]` from a command line. Raises UsageError."""
        try:
            return cls.model_validate(_hop_parts(text))
        except ValidationError as error:
            why = error.errors(include_url=False, include_input=False)[0]["msg"]
        except PydanticCustomError as error:
            why = error.message()
        raise UsageError(f"{text!r} names no host: {why}", remedy="write it as user@server or user@server:port")


def _hop_parts(text: str) -> dict[str, str | None]:
    """Cut `[user@]address[:port]`; an IPv6 address with a port stands in brackets."""
    user, at, rest = text.rpartition("@")
    if rest.startswith("["):
        address, closed, port = rest[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            wrong("must be [user@]address[:port]")
        port = port.removeprefix(":") if port else "22"
    elif rest.count(":") == 1:
        address, _, port = rest.partition(":")
    else:
        address, port = rest, "22"
    if not re.fullmatch(r"[0-9]{1,5}", port):
        wrong("the port must be a number from 1 to 65535")
    return {"address": address, "port": port, "user": user if at else None}


def _hop(value: Any) -> Any:
    return _hop_parts(value) if isinstance(value, str) else value


def _hops(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


HopText = Annotated[Hop, BeforeValidator(_hop), WithJsonSchema({"type": "string"})]


class Host(Frozen):
    """One machine that runs the stack, reached over SSH."""

    name: fields.Name = Field(
        description="What the host is called here and in every report; unique in its environment."
    )
    address: fields.Address = Field(description="Host name, IP address, or a name that ssh_config knows.")
    port: fields.Port = Field(default=22, description="TCP port of its sshd.")
    user: fields.User | None = Field(default=None, description="Login name; null leaves it to ssh_config.")
    identity_file: fields.LocalPath | None = Field(
        default=None, description="Private key on this machine; null leaves it to the agent and ssh_config."
    )
    jump: Annotated[
        tuple[HopText, ...],
        BeforeValidator(_hops),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Field(
        default=(),
        description="`[user@]address[:port]` of the jump host, or a list of them in the order of travel.",
    )
    url: fields.BaseUrl | None = Field(
        default=None, description="Public URL of this host, http or https; null: no check from outside."
    )
