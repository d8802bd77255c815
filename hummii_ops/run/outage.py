"""The outage of a run, from the samples that the host took of its own health URL."""

from __future__ import annotations

from datetime import UTC, datetime


def outage(samples: str, *, since: datetime, until: datetime) -> tuple[float | None, str | None]:
    """Seconds between `since` and `until` without a good answer, and None; or None and the reason.

    `samples` are lines "start_ms end_ms code". A good answer is any 2xx. What lies between two samples is counted as
    what the earlier one said, so a gap in bad times counts as bad; before the first sample nothing is known and
    nothing is counted.
    """
    begin, end = since.timestamp() * 1000, until.timestamp() * 1000
    points = sorted(point for point in map(_sample, samples.splitlines()) if point is not None)
    if not points:
        return None, "the health URL was not sampled"
    bad_ms = 0.0
    for index, (start, good) in enumerate(points):
        following = points[index + 1][0] if index + 1 < len(points) else end
        if not good:
            bad_ms += max(0.0, min(following, end) - max(start, begin))
    return round(bad_ms / 1000, 3), None


def _sample(line: str) -> tuple[float, bool] | None:
    words = line.split()
    try:
        start, code = int(words[0]), words[2]
        datetime.fromtimestamp(start / 1000, tz=UTC)
    except (ValueError, IndexError, OverflowError, OSError):
        return None
    return float(start), len(code) == 3 and code.startswith("2")
