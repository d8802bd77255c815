"""Fingerprints: the same for the same thing, another for another."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.checks.logs.fingerprint import fingerprint, is_calm

numbers = st.integers(min_value=0, max_value=10**12)


@given(numbers, numbers, st.uuids(), st.uuids())
def test_numbers_and_ids_do_not_matter(one: int, two: int, a: UUID, b: UUID) -> None:
    """Two occurrences of one error have one fingerprint."""
    line = "FATAL order {} of user {} failed after {} ms at 0x{:x}"
    assert fingerprint(line.format(one, a, two, one)) == fingerprint(line.format(two, b, one, two))


@given(st.text(alphabet=st.characters(exclude_characters="\"'`\\", exclude_categories=("C",)), max_size=40))
def test_quoted_strings_do_not_matter(name: str) -> None:
    """What stands in quotes is a value."""
    assert fingerprint(f'FATAL: role "{name}" is missing') == fingerprint('FATAL: role "x" is missing')


@given(st.text())
def test_any_text_has_a_short_printable_one(line: str) -> None:
    """Never raises, never long, never with what could move a cursor, no digit left."""
    found = fingerprint(line)
    assert len(found) <= 200
    assert not any(char.isascii() and char.isdigit() for char in found)
    assert "\x1b" not in found


@given(st.text(max_size=80), numbers)
def test_the_time_of_a_structured_line_does_not_matter(message: str, time: int) -> None:
    """Of a JSON line only what it says counts, not its fields."""
    lines = [json.dumps({"time": t, "level": "error", "message": message, "user": t}) for t in (time, time + 1)]
    assert fingerprint(lines[0]) == fingerprint(lines[1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("FATAL: disk is full", "FATAL: disk is gone"),
        ('{"level":"error","message":"order failed"}', '{"level":"error","message":"login failed"}'),
        ('{"level":50,"msg":"x","err":{"message":"a b"}}', '{"level":50,"msg":"x","err":{"message":"c d"}}'),
        ("panic: cannot decode", "panic: cannot encode"),
    ],
)
def test_different_errors_differ(one: str, other: str) -> None:
    """Words that differ are another error."""
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    ("line", "calm"),
    [
        ('{"level":"warn","message":"ECONNREFUSED"}', True),
        ('{"level":"error","message":"ECONNREFUSED"}', False),
        ('{"level":40,"msg":"ECONNREFUSED"}', True),
        ('{"level":60,"msg":"x"}', False),
        ('{"severity":"NOTICE"}', True),
        ('{"message":"no level"}', False),
        ("ts=1 level=info msg=x", True),
        ("level=error msg=x", False),
        ("FATAL level: info", False),
        ("{not json level=warn", True),
        ("[1,2]", False),
    ],
)
def test_only_a_structured_line_can_say_that_it_is_calm(line: str, calm: bool) -> None:
    """Its own level, in JSON or logfmt."""
    assert is_calm(line) is calm
