"""The sieve never holds back a line that a regex would find."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.checks.logs.words import sieve
from hummii_ops.inventory.stack_settings import CRITICAL_LINES


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"\bFATAL\b", ("fatal",)),
        (r"(?i)\bout of memory\b", ("out of memory",)),
        (r"\bENOSPC\b|(?i:no space left on device)", ("enospc", "no space left on device")),
        (r"a+bcd(efgh|ijkl)?", ("bcd",)),
        (r"(?:abc){2,}x", ("abc",)),
        (r"err(or)?: \d+", ("err",)),
        (r"größe voll", ("e voll",)),
        (r"(?!never)needed", ("needed",)),
    ],
)
def test_words_that_a_line_must_hold(pattern: str, words: tuple[str, ...]) -> None:
    """The longest literal that no match can be without."""
    assert sieve([pattern]) == words


@pytest.mark.parametrize("pattern", [r".*", r"\d{3}", r"abc|\d", r"(abc)?", r"ab", r"[Ee]rror|x"])
def test_no_words_no_sieve(pattern: str) -> None:
    """Where a match may be without a word of three letters, every line is sent."""
    assert sieve([r"\bFATAL\b", pattern]) is None


def test_the_default_regexes_have_a_sieve() -> None:
    """So that by default no log is shipped whole."""
    assert sieve(CRITICAL_LINES)


@given(st.data(), st.sampled_from([*CRITICAL_LINES, r"a(b|cd)?efg[h-k]+(lmn|opq)", r"(?i)x{1,3}yes|no way"]))
def test_whatever_matches_passes_the_sieve(data: st.DataObject, pattern: str) -> None:
    """For every line that a regex finds, the host finds a word too."""
    line = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=False))
    words = sieve([pattern])
    assert words is not None
    assert any(word in line.lower() for word in words)
