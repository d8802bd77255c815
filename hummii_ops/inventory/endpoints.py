"""The paths whose answers are timed. A path is enough; one that is slow by its nature has a limit of its own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen
from hummii_ops.inventory.limits import Milliseconds

_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["path"],
            "properties": {"path": {"type": "string"}, "response_p95_ms": {"type": ["number", "null"]}},
        },
    ]
}


class Timed(Frozen):
    """A path, and what its answers may take at most."""

    path: fields.UrlPath = Field(description="The path that is asked.")
    response_p95_ms: Milliseconds | None = Field(
        default=None, description="95 of 100 answers come sooner; null: limits.response_p95_ms."
    )


def _written(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


Endpoint = Annotated[Timed, BeforeValidator(_written), WithJsonSchema(_SCHEMA)]
