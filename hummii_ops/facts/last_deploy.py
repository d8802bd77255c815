"""What the deploy guard of a host says of the last deploy that it guarded. A host without a guard says nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hummii_ops.errors import Unreachable
from hummii_ops.transport import LinkLost, Transport
from hummii_ops.transport.text import printable

SCHEMA = "hummii-ops/guarded-deploy/v1"
_ASK = '[ ! -x "$1/bin/hummii-host" ] || "$1/bin/hummii-host" last-deploy'


@dataclass(frozen=True, kw_only=True)
class LastDeploy:
    """A guarded deploy. `touched` None: it does not say. `running`: its script is at work, and may touch more."""

    run: str
    version: str
    touched: bool | None
    running: bool
    since: datetime | None
    release_before: str
    identity_before: str
    identity_after: str = ""
    exit_code: int | None = None
    restore_point: str = ""
    reason: str = ""


def read(transport: Transport, home: str) -> LastDeploy | None:
    """Ask the host. None: no guard, no deploy yet, or nothing that can be read."""
    try:
        said = transport.call(_ASK, home, limit_s=20)
    except (LinkLost, Unreachable):
        return None
    return parse(said.stdout.decode(errors="replace")) if said.exit_code == 0 else None


def parse(text: str) -> LastDeploy | None:
    """The guard's line; None if it is of another form."""
    try:
        said: dict[str, Any] = json.loads(text)
        if said["schema"] != SCHEMA:
            return None
        touched = said["touched"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return LastDeploy(
        touched=touched if isinstance(touched, bool) else None,
        running=said.get("state") == "running",
        since=_time(said.get("since")),
        run=_text(said.get("run")),
        version=_text(said.get("version")),
        release_before=_text(said.get("release_before")),
        identity_before=_text(said.get("identity_before")),
        identity_after=_text(said.get("identity_after")),
        exit_code=code if isinstance(code := said.get("exit_code"), int) else None,
        restore_point=_text(said.get("restore_point")),
        reason=_text(said.get("reason")),
    )


def _text(value: Any) -> str:
    return printable(value) if isinstance(value, str) else ""


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, TypeError):
        return None
