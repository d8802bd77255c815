"""Where follow-ups are opened as issues. A secret is never written here: `token` names one of the environment's."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen, wrong


class Followups(Frozen):
    """A GitHub repository for what is to be done after a rollback; the team's own, not the public's."""

    repository: fields.Repository = Field(description="owner/name.")
    token: fields.Text = Field(description="Secret with a token that may write issues.")
    label: fields.Name = Field(default="follow-up", description="Label of the issues.")
    url: fields.BaseUrl = Field(default="https://api.github.com", description="Base of GitHub's API.")


def _secret_exists(followups: Followups | None, info: ValidationInfo) -> Followups | None:
    known = info.data.get("secrets", None)
    if known is not None and followups is not None and followups.token not in known:
        wrong("`token` must be the name of one of this environment's `secrets`")
    return followups


# In Environment it stands after `secrets`, whose names it is compared with.
FollowupsOrNone = Annotated[Followups | None, AfterValidator(_secret_exists)]
