"""Until when a hold stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hummii_ops.errors import UsageError
from hummii_ops.tasks.record.expiry import moment_of

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("90min", timedelta(minutes=90)),
        ("5m", timedelta(minutes=5)),
        ("4h", timedelta(hours=4)),
        (" 2 d ", timedelta(days=2)),
        ("2026-11-23T06:00+01:00", timedelta(hours=1)),
        ("2026-11-24T04:00Z", timedelta(days=1)),
    ],
)
def test_what_is_understood(text: str, after: timedelta) -> None:
    """A length of time, or a moment with its zone; always UTC."""
    assert moment_of(text, now=NOW) == NOW + after
    assert moment_of(text, now=NOW).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "0h", "4", "h", "4 weeks", "tomorrow", "2026-11-24T04:00", "2026-11-22T04:00Z", "-4h", "$(id)"]
)
def test_what_is_not(text: str) -> None:
    """No zone, the past, and what is no time at all: wrong usage, with examples."""
    with pytest.raises(UsageError) as error:
        moment_of(text, now=NOW)
    assert error.value.remedy
