"""What an inventory says of not needing a rollback: how ready it must be, what watching may do, what a deploy shows.

Every default is meant to need no attention on a healthy server.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from hummii_ops.inventory.fields import Frozen

Days = Annotated[int, Field(ge=1, le=3650)]


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
