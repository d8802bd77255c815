"""Which user flows may run in an environment, and what they may do there. Nothing runs that is not named."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen

ALL = "*"


class Flows(Frozen):
    """User flows: what a customer does, done by us with test data that is taken away again."""

    dir: fields.LocalPath = Field(
        default=Path("flows"), description="Folder with the flows, one YAML file each, relative to inventory.yml."
    )
    allow: tuple[fields.Text, ...] = Field(
        default=(), description='Names of the flows that may run here; "*": all. Nothing else runs.'
    )
    payments: Literal["test"] | None = Field(
        default=None, description="test: payments here move no money (test keys); null: no flow may pay."
    )
    payment_hosts: tuple[fields.Address, ...] = Field(
        default=(), description="Host names at which a flow may pay although `payments` is not test."
    )

    def allows(self, name: str) -> bool:
        """May this flow run?"""
        return name in self.allow or ALL in self.allow
