"""What `fab followups --open-issues` does: an issue for each follow-up that is not done and has none yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from hummii_ops.errors import Inconclusive, UsageError
from hummii_ops.inventory import Environment, resolve

if TYPE_CHECKING:
    from hummii_ops.telling.report.followups import Followup

Items = tuple["Followup", ...]


def opened(items: Items, environment: Environment, run_id: str, keep: Callable[[Items], None]) -> Items:
    """The follow-ups with their issues, kept one by one: what fails leaves what was opened before it.

    Raises UsageError without a repository, Inconclusive where GitHub does not take it.
    """
    settings = environment.followups
    if settings is None:
        raise UsageError(
            f"{environment.name} has no repository for follow-ups",
            remedy="write `followups: {repository: owner/name, token: SECRET}` into inventory.yml",
        )
    from hummii_ops.telling.channels.channel import NotSent
    from hummii_ops.telling.followup_issues import FollowupIssues

    issues = FollowupIssues(settings, resolve(environment.secrets[settings.token]), run_id)
    for item in items:
        if item.done_at is not None or item.issue:
            continue
        try:
            issue = issues.open(item)
        except NotSent as error:
            raise Inconclusive(
                f"not all issues could be opened: {error}",
                remedy=f"the same again; what is there stays one: fab followups --run={run_id} --open-issues",
            ) from None
        items = tuple(replace(one, issue=issue.url) if one.id == item.id else one for one in items)
        keep(items)
    return items
