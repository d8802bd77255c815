"""Until when a hold stands, as a person says it: a length of time, or a moment.

Pure: `now` is given.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hummii_ops.errors import UsageError

_LENGTH = re.compile(r"([1-9][0-9]{0,4})\s*(min|m|h|d)")
_UNITS = {"min": timedelta(minutes=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_REMEDY = "--expires=90min, --expires=4h, --expires=2d, or --expires=2026-11-24T08:00Z"


def moment_of(text: str, *, now: datetime) -> datetime:
    """The moment that is meant, in UTC. Raises UsageError for no such text, one without a zone, or one in the past."""
    length = _LENGTH.fullmatch(text.strip())
    if length is not None:
        return now + int(length[1]) * _UNITS[length[2]]
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"--expires: {text!r} is neither a length of time nor a moment", remedy=_REMEDY) from None
    if moment.tzinfo is None:
        raise UsageError(f"--expires: {text!r} has no zone", remedy="end it with Z for UTC, or with +01:00")
    if moment <= now:
        raise UsageError(f"--expires: {text!r} lies in the past", remedy=_REMEDY)
    return moment.astimezone(UTC)
