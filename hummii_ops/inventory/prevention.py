"""What an inventory says of not needing a rollback: how ready it must be, what watching may do, what a deploy shows.

Every default is meant to need no attention on a healthy server.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen

Days = Annotated[int, Field(ge=1, le=3650)]


class Postdeploy(Frozen):
    """What `fab postdeploy` insists on beside what `fab verify` looks at."""

    public: tuple[fields.ServiceName, ...] = Field(
        default=(),
        description="Services whose ports may be open to every network. Default: the proxy's, else version_service.",
    )
    headers: tuple[fields.LogKey, ...] = Field(
        default=(), description="Response headers that the public URL must send; without it the usual ones are shown."
    )
    https: bool = Field(default=False, description="true: the public URL must be https://.")
    certificate_days: Days = Field(default=14, description="Days for which its certificate must still be valid.")


class Watching(Frozen):
    """What `fab watch` may do when a release turns out to be ill."""

    rollback: Literal["auto", "ask", "never"] = Field(
        default="ask",
        description="auto: it rolls back by itself where the table of fab diagnose says that it would help; ask: at a "
        "terminal it asks, else it calls for a person; never: it calls for a person.",
    )
    confirm: Annotated[int, Field(ge=1, le=100)] = Field(
        default=3, description="So many looks in a row must be ill before anything is done."
    )
    settle_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=30, description="Seconds after a deploy in which nothing counts."
    )


class Ready(Frozen):
    """How fit a rollback must be that nobody needs yet."""

    releases: Annotated[int, Field(ge=1, le=50)] = Field(
        default=5, description="So many of the newest restore points must be fit to go back to; older ones are shown."
    )
    backups: Annotated[int, Field(ge=1, le=50)] = Field(
        default=2, description="So many of the newest backups of the database are read to their last byte."
    )
    backup_age_h: Annotated[float, Field(gt=0, le=87_600)] = Field(
        default=26, description="Hours: the newest backup that can be used may be so old."
    )
    reviewed: date | None = Field(
        default=None, description="Day on which people last went through the written procedure; null: not followed."
    )
    review_days: Days = Field(default=180, description="Days after which it is to be gone through again.")
    drilled: date | None = Field(
        default=None,
        description="Day of the last rollback for practice; a real one that the host remembers counts as well. "
        "null: not followed.",
    )
    drill_days: Days = Field(default=90, description="Days after which the next one is due.")
