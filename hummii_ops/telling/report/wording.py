"""Text of servers and people on its way into a record, and figures as people read them.

What came from outside is one line, without control sequences and secrets; whoever shows it escapes it for its form.
"""

from __future__ import annotations

from datetime import datetime

from hummii_ops.transport.text import masked, printable

_MOST = 600


def told(text: str) -> str:
    """`text` fit to be kept in a record."""
    line = masked(" ".join(printable(text).split()))
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"


def seconds(value: float | None) -> str:
    """12.3 s, 4 min 05 s, 2 h 10 min; "not known" for None."""
    if value is None:
        return "not known"
    if value < 60:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def clock(at: str | None) -> str:
    """An ISO time as hours, minutes and seconds; the day is said once, above."""
    return f"{datetime.fromisoformat(at):%H:%M:%S}" if at else "not known"


def day(at: str | None) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d}" if at else "day not known"
