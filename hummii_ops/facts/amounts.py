"""Times and sizes as people say them."""

from __future__ import annotations

from datetime import datetime


def age(then: datetime | None, now: datetime) -> str:
    """An age: 40 s, 12 min, 3 h, 5 d."""
    return "?" if then is None else span((now - then).total_seconds())


def span(seconds: float) -> str:
    """A length of time: 40 s, 12 min, 3 h, 5 d."""
    whole = max(0, int(seconds))
    for size_s, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * size_s:
            return f"{whole // size_s} {unit}"
    return f"{whole} s"


def size(size_bytes: int) -> str:
    """Bytes: 290 MB."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
