"""Text from hosts cannot play tricks with a terminal, lines come whole, and half a mark is no mark."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.transport.lines import LONGEST_LINE_BYTES, Lines
from hummii_ops.transport.shell import MARK, AfterMark
from hummii_ops.transport.text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\tcafé 😀", "plain\n\tcafé 😀"),
        ("\x1b[2J\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r\x1b\\after", "after"),
        ("\x1b(Bafter\x1bc", "after"),
        ("\x9b2Jafter\x9d0;t\x9cend", "afterend"),
        ("a\rb\x08c\x00d\x7fe", "abcde"),
        ("\u202etxt.exe\u202c \u2066x\u2069", "txt.exe x"),
        ("\x1b]0;never ended", ""),
        ("\x1b", ""),
        ("\x1b[", ""),
        (b"caf\xc3\xa9 \xff\x1b[K", "café \ufffd"),
    ],
)
def test_printable(text: bytes | str, shown: str) -> None:
    """Escape sequences go whole, controls and bidi overrides go, the words stay."""
    assert printable(text) == shown


@given(st.text(alphabet=st.sampled_from("\x1b[]\\P0;m\x07\x9b\x9c\x9d\u202ea\n\t")))
def test_nothing_unprintable_is_left(text: str) -> None:
    """However they are nested: no control character but newline and tab, and cleaning twice is once."""
    shown = printable(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    assert printable(shown) == shown


@given(st.lists(st.binary(max_size=20)))
def test_lines_do_not_depend_on_the_pieces(pieces: list[bytes]) -> None:
    """The same lines, however the bytes were cut on the way."""
    whole = b"".join(pieces)
    heard: list[str] = []
    lines = Lines(heard.append)
    for piece in pieces:
        lines.feed(piece)
    lines.end()
    expected = whole.decode(errors="replace").split("\n") if whole else []
    assert heard == (expected[:-1] if whole.endswith(b"\n") else expected)


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    """After a mebibyte it is handed over as it is."""
    heard: list[str] = []
    Lines(heard.append).feed(b"x" * (LONGEST_LINE_BYTES + 1))
    assert len(heard[0]) == LONGEST_LINE_BYTES + 1


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(1, 9))
def test_noise_before_the_mark_is_dropped(noise: bytes, answer: bytes, size: int) -> None:
    """Only what follows the mark is passed on, however the bytes were cut."""
    data = noise + MARK + b"\n" + answer
    heard = bytearray()
    after = AfterMark(heard.extend)
    for start in range(0, len(data), size):
        after.feed(data[start : start + size])
    after.end(otherwise_all=True)
    assert bytes(heard) == answer


def test_without_a_mark_only_what_explains_it_is_kept() -> None:
    """A script that never began has no answer, but sh's complaint is shown."""
    out, err = bytearray(), bytearray()
    for heard, kept in ((out, False), (err, True)):
        after = AfterMark(heard.extend)
        after.feed(b"sh: syntax error")
        after.end(otherwise_all=kept)
    assert (bytes(out), bytes(err)) == (b"", b"sh: syntax error")
