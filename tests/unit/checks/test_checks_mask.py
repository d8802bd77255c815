"""Secrets in lines from logs never show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.checks.mask import shown, shown_url

SECRET = "hunter2-s3cr3t"


@pytest.mark.parametrize(
    "line",
    [
        f"password={SECRET}",
        f"password: {SECRET}",
        f'"password":"{SECRET}"',
        f"POSTGRES_PASSWORD={SECRET} x",
        f"db_pwd = '{SECRET}'",
        f'{{"user":"a","apiKey":"{SECRET}","b":1}}',
        f'"{{\\"token\\":\\"{SECRET}\\"}}"',
        f"Authorization: Bearer {SECRET}",
        f'authorization="Basic {SECRET}"',
        f"'Authorization': 'Bearer {SECRET}', x",
        f"Cookie: sid={SECRET}; other={SECRET}",
        f"Set-Cookie: sid={SECRET}",
        f"postgres://hummii:{SECRET}@postgres:5432/hummii",
        f"https://{SECRET}@host/x",
        f"GET /reset?token={SECRET}&x=1",
        f"mysql --password {SECRET} -h x",
        f"bearer {SECRET}",
        f"sk_live_{SECRET.replace('-', '')}",
        f"pass\x1b[0mword={SECRET}",
    ],
)
def test_a_secret_value_is_masked(line: str) -> None:
    """Whatever the spelling, the value prints as ***."""
    found = shown(line)
    assert SECRET not in found
    assert SECRET.replace("-", "") not in found
    assert "***" in found


def test_other_words_stay() -> None:
    """What is no secret can still be read."""
    line = 'FATAL: password authentication failed for user "hummii" at https://host/x'
    assert shown(line) == line


@given(st.text())
def test_any_text_is_one_short_line(text: str) -> None:
    """No line break, no escape, at most 300 characters."""
    found = shown(text)
    assert len(found) <= 300
    assert "\n" not in found
    assert "\x1b" not in found


def test_an_address_shows_its_place_only() -> None:
    """User, password and query may be secrets."""
    assert shown_url(f"https://u:{SECRET}@h.example:8443/a?k={SECRET}#f") == "https://***@h.example:8443/a?***"
    assert shown_url("https://h.example/api/health") == "https://h.example/api/health"
