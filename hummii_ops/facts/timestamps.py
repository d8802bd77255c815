"""The time in a restore point's name.

    20260115_103000   20260115T103000Z   20260115-103000        20260115103000
    2026-01-15T10:30:00Z   2026-01-15_10-30-00   2026-01-15T10:30:00.5+01:00      1768473000 (epoch seconds)

Never asks a file's mtime: a copied backup would become the newest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ZONE = r"(?P<zone>Z|[+-]\d\d(?:[:-]?\d\d)?)?"
_FORMS = (
    re.compile(rf"(\d{{4}})(\d\d)(\d\d)[T_-]?(\d\d)(\d\d)(\d\d){_ZONE}", re.ASCII),
    re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)[T_-](\d\d)[:-](\d\d)[:-](\d\d)(?:\.\d{{1,9}})?{_ZONE}", re.ASCII),
)
_EPOCH = re.compile(r"[1-9]\d{9}", re.ASCII)


class Unreadable(ValueError):
    """The name holds no time; its text says why, for people."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time, aware UTC. `ambiguous`: the host's clock showed it twice; `at` is the earlier."""

    at: datetime
    ambiguous: bool = False


def host_zone(name: str | None, *, offset_s: int, at: datetime) -> tzinfo:
    """The host's zone, if its name is known here and agrees with its offset then; else the offset."""
    fixed = timezone(timedelta(seconds=offset_s))
    if not name:
        return fixed
    try:
        zone = ZoneInfo(name.removeprefix(":"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return fixed
    return zone if at.astimezone(zone).utcoffset() == timedelta(seconds=offset_s) else fixed


def parse_timestamp(text: str, *, zone: tzinfo) -> Moment:
    """The time that `text` names; without a zone of its own it is in `zone`. Unreadable otherwise."""
    if _EPOCH.fullmatch(text):
        return Moment(at=datetime.fromtimestamp(int(text), UTC))
    matched = next((found for form in _FORMS if (found := form.fullmatch(text))), None)
    if matched is None:
        raise Unreadable("its name is not a time that is understood")
    try:
        naive = datetime(*(int(part) for part in matched.groups()[:6]))  # type: ignore[arg-type]
        own = _own_zone(matched["zone"])
        if own is not None:
            return Moment(at=naive.replace(tzinfo=own).astimezone(UTC))
        first = naive.replace(tzinfo=zone).astimezone(UTC)
        second = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
        if first.astimezone(zone).replace(tzinfo=None) != naive:
            raise Unreadable("its name is a time that the host's clock never showed (it was put forward then)")
    except (ValueError, OverflowError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("its name is not a time of the calendar") from error
    return Moment(at=min(first, second), ambiguous=first != second)


def _own_zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    digits = re.sub(r"\D", "", text)
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)
