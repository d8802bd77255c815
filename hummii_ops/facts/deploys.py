"""The last guarded deploy of a host, from the line that its guard wrote.

Never believes that a script runs where nothing does: a guard that was killed could not write the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from hummii_ops.transport.text import printable

SCHEMA = "hummii-ops/guarded-deploy/v1"
TASK = "deploy"  # of its lease

State = Literal["running", "ended", "refused", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class DeployFact:
    """One guarded deploy. `touched` None: its guard was killed, and nobody has looked since.

    "" where the guard said nothing: of a release that it could not record, say.
    """

    run: str
    state: State
    touched: bool | None
    exit_code: int | None
    version: str
    who: str
    reason: str
    since: datetime | None
    release_before: str = ""
    identity_before: str = ""
    identity_after: str = ""
    restore_point: str = ""
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        """The guard's own document, with what is known better by now."""
        return {**self.document, "state": self.state, "touched": self.touched}


def last_deploy(text: str | None, *, at_work: str | None) -> DeployFact | None:
    """What .hummii-ops/last-deploy says; None without one, or if it cannot be read.

    `at_work`: the run that has the lease, if anything runs there. Another one's work is not this deploy's.
    """
    try:
        said = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("schema") != SCHEMA or not isinstance(said.get("run"), str):
        return None
    state, code = said.get("state"), said.get("exit_code")
    found = DeployFact(
        run=printable(said["run"]),
        state=state if state in {"running", "ended", "refused", "interrupted"} else "interrupted",
        touched=said.get("touched") if isinstance(said.get("touched"), bool) else None,
        exit_code=code if isinstance(code, int) else None,
        version=_text(said.get("version")),
        who=_text(said.get("who")),
        reason=_text(said.get("reason")),
        since=_moment(said.get("since")),
        release_before=_text(said.get("release_before")),
        identity_before=_text(said.get("identity_before")),
        identity_after=_text(said.get("identity_after")),
        restore_point=_text(said.get("restore_point")),
        document=said,
    )
    if found.state == "running" and found.run != at_work:
        return replace(found, state="interrupted", touched=found.touched or None)
    return found


def _text(value: Any) -> str:
    return printable(value) if isinstance(value, str) else ""


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
