"""What the stack asks of others, outside of it: a payment service, a mail provider. Asked on the host, a few times."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen


class Dependency(Frozen):
    """A service outside of the stack."""

    name: fields.Name = Field(description="What it is called here.")
    url: fields.Url = Field(
        description="URL that is asked on the host itself, without credentials; every answer below 500 counts."
    )
    within_s: Annotated[float, Field(gt=0, le=30)] = Field(
        default=5, description="Seconds after which it does not answer."
    )
