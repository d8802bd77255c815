"""Reads the journal that a runner wrote. A bad line anywhere is passed over: a power cut may tear any of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import cast, get_args

from hummii_ops.events import Event, Kind

_KINDS = frozenset(get_args(Kind))


def parse_line(line: str, *, run_id: str, host: str) -> Event | None:
    """The event of one journal line; None for a line that is torn or not ours."""
    try:
        value = json.loads(line)
        at = datetime.fromtimestamp(value["t"] / 1000, tz=UTC)
        kind = value["ev"]
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return None
    if not isinstance(kind, str) or kind not in _KINDS:
        return None
    code, offset = value.get("code"), value.get("log")
    return Event(
        at=at,
        run_id=run_id,
        host=host,
        kind=cast(Kind, kind),
        list=str(value.get("list", "")),
        step=str(value.get("step", "")),
        code=code if type(code) is int else None,
        log_offset=offset if type(offset) is int else None,
    )


def parse(text: str, *, run_id: str, host: str) -> tuple[Event, ...]:
    """All events of a journal, in its order."""
    events = (parse_line(line, run_id=run_id, host=host) for line in text.splitlines())
    return tuple(event for event in events if event is not None)
