"""The time in a backup's name, wherever it stands there: `hummii-20250106_031500.dump`, `hummii_2025-02-14.sql.gz`.

Never asks a file's mtime: a copied backup would become the newest.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from hummii_ops.facts.timestamps import Unreadable, parse_timestamp

_MOMENT = re.compile(
    r"(?<!\d)(\d{4}-\d\d-\d\d[T_-]\d\d[:-]\d\d[:-]\d\d(?:Z|[+-]\d\d:?\d\d)?(?!\d)"
    r"|\d{8}[T_-]?\d{6}(?:Z|[+-]\d\d:?\d\d)?(?!\d)"
    r"|1\d{9}(?!\d))",
    re.ASCII,
)
_DAY = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?!\d)", re.ASCII)


def time_in_name(name: str, *, zone: tzinfo) -> tuple[datetime | None, str]:
    """The time (aware UTC) and what is not sure of it, in words. A day alone means its first moment."""
    for found in _MOMENT.finditer(name):
        try:
            moment = parse_timestamp(found[1], zone=zone)
        except Unreadable:
            continue
        note = "the host's clock showed this time twice; the earlier is taken" if moment.ambiguous else ""
        return moment.at, note
    for found in _DAY.finditer(name):
        try:
            day = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=zone)
        except ValueError:
            continue
        return day.astimezone(UTC), "its name holds a day and no hour: its first moment is taken"
    return None, "its name holds no time"
