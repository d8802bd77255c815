"""The last guarded deploy of a host, from the line that its guard wrote.

Never believes that a script runs where nothing does: a guard that was killed could not write the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

SCHEMA = "hummii-ops/guarded-deploy/v1"
TASK = "deploy"  # of its lease

State = Literal["running", "ended", "refused", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class DeployFact:
    """One guarded deploy. `touched` None: its guard was killed, and nobody has looked since."""

    run: str
    state: State
    touched: bool | None
    exit_code: int | None
    version: str | None
    who: str
    reason: str
    since: datetime | None
    document: Mapping[str, Any] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """The guard's own document, with what is known better by now."""
        return {**self.document, "state": self.state, "touched": self.touched}


def last_deploy(text: str | None, *, busy: bool) -> DeployFact | None:
    """What .hummii-ops/last-deploy says; None without one, or if it cannot be read. `busy`: does anything run there?"""
    try:
        said = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("schema") != SCHEMA or not isinstance(said.get("run"), str):
        return None
    state, code = said.get("state"), said.get("exit_code")
    found = DeployFact(
        run=said["run"],
        state=state if state in {"running", "ended", "refused", "interrupted"} else "interrupted",
        touched=said.get("touched") if isinstance(said.get("touched"), bool) else None,
        exit_code=code if isinstance(code, int) else None,
        version=said.get("version") if isinstance(said.get("version"), str) else None,
        who=str(said.get("who") or ""),
        reason=str(said.get("reason") or ""),
        since=_moment(said.get("since")),
        document=said,
    )
    if found.state == "running" and not busy:
        return replace(found, state="interrupted", touched=found.touched or None)
    return found


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
