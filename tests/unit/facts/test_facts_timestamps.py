"""Times in names: what is understood, in whose zone, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.facts.timestamps import Unreadable, host_zone, parse_timestamp

BERLIN = ZoneInfo("Europe/Berlin")
HALF_PAST_TEN = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "20260115_103000",
        "20260115T103000",
        "20260115-103000",
        "20260115_103000Z",
        "20260115103000",
        "20260115103000Z",
        "2026-01-15T10:30:00Z",
        "2026-01-15T10:30:00",
        "2026-01-15_10-30-00",
        "2026-01-15-10-30-00",
        "2026-01-15T10-30-00Z",
        "2026-01-15T10:30:00.123456Z",
        "2026-01-15T11:30:00+01:00",
        "2026-01-15T11-30-00+0100",
        "2026-01-15T05:30:00-05",
        "20260115T113000+0100",
        "1768473000",
    ],
)
def test_every_accepted_form_is_the_same_moment(text: str) -> None:
    """Each form that the documentation lists names 10:30 UTC of that day on a host in UTC."""
    found = parse_timestamp(text, zone=UTC)
    assert (found.at, found.ambiguous) == (HALF_PAST_TEN, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "20260115",
        "20261301_000000",
        "20260230_000000",
        "20260115_250000",
        "20260115_106000",
        "2026011510300",
        "99999999999999",
        "176847300",
        "1768473000000",
        "20260115_103000.yml",
        "20260115 103000",
        "20260115_103000\n",
        "２０２６０１１５_103000",
        "-rf",
        "2026-01-15T10:30:00+99:99",
        "2026-01-15",
        "00000101_000000",
    ],
)
def test_what_is_no_time_is_unreadable(text: str) -> None:
    """Nothing is guessed: no default date, no other script's digits, no 13th month, no milliseconds."""
    with pytest.raises(Unreadable):
        parse_timestamp(text, zone=UTC)


def test_without_a_zone_it_is_the_hosts() -> None:
    """10:30 on a host in Berlin is 09:30 UTC in winter and 08:30 in summer; a Z overrules the host."""
    assert parse_timestamp("20260115_103000", zone=BERLIN).at.hour == 9
    assert parse_timestamp("20260715_103000", zone=BERLIN).at.hour == 8
    assert parse_timestamp("20260715_103000Z", zone=BERLIN).at.hour == 10


def test_the_repeated_hour_is_ambiguous_and_the_skipped_one_unreadable() -> None:
    """02:30 of the last Sunday of October came twice in Berlin; that of March never came."""
    twice = parse_timestamp("20261025_023000", zone=BERLIN)
    assert (twice.at, twice.ambiguous) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True)
    assert not parse_timestamp("20261025_013000", zone=BERLIN).ambiguous
    with pytest.raises(Unreadable, match="never showed"):
        parse_timestamp("20260329_023000", zone=BERLIN)


def test_the_zone_is_believed_only_where_it_agrees_with_the_offset() -> None:
    """A name that is unknown here, or that contradicts the host's own offset, gives way to the offset."""
    winter = datetime(2026, 1, 15, tzinfo=UTC)
    hour = timezone(timedelta(hours=1))
    assert host_zone("Europe/Berlin", offset_s=3600, at=winter) == BERLIN
    assert host_zone("Europe/Berlin", offset_s=0, at=winter) == timezone(timedelta(0))
    for name in (None, "", "CET-1CEST", "../../etc/passwd", "No/Where", "a\0b"):
        assert host_zone(name, offset_s=3600, at=winter) == hour


@given(
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)).map(
        lambda one: one.replace(microsecond=0, tzinfo=UTC)
    ),
    st.sampled_from(["%Y%m%d_%H%M%SZ", "%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d_%H-%M-%SZ"]),
)
def test_what_date_writes_is_read_back(moment: datetime, form: str) -> None:
    """Every moment in every form with a zone comes back as itself."""
    assert parse_timestamp(moment.strftime(form), zone=BERLIN).at == moment


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_unreadable(text: str) -> None:
    """No text makes it fail in another way."""
    with suppress(Unreadable):
        assert parse_timestamp(text, zone=BERLIN).at.tzinfo is UTC
