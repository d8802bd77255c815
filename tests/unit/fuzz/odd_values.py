"""Odd values: a seed of what is right, with one place of it bent."""

# ruff: noqa: E501 - a seed is one answer, in a line

from __future__ import annotations

import base64
import io
import json
import tarfile
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

ODD_TEXT = st.sampled_from(
    ["", "-1", "9" * 5000, "１２", "²", "1e999", "nan", "-inf", "0x10", "\x00", "\x1b[2J", "\ud800", "9999-99-99T99:99:99Z"]
)  # fmt: skip

ODD: SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -1, 1e308, float("inf"), float("nan"), [], {}, [[]], [None], {"": None}]),
    ODD_TEXT,
    st.text(max_size=8),
)

# Nine aliases of nine aliases of nine …: a few lines, and a walk that would never end
BOMB = "{a0: &a0 [x], " + ", ".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)) + "}"

DEEP = [
    "[" * 20_000,
    '{"a":' * 20_000,
    "{" * 20_000,
    '{"a":[' * 20_000,
    "'" * 20_000,
    "&a [" * 2000,
    BOMB,
    f"services: {{a: {{x: {BOMB}}}}}",
]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, one in inner for place in places(one, (*at, key)))]


def put(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    changed = deepcopy(value)
    inner = changed
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = new
    return changed


def odd_json(seed: Any) -> SearchStrategy[str]:
    """The seed with one value in it replaced."""
    made = st.builds(put, st.just(seed), st.sampled_from(places(seed)), ODD)
    return st.one_of(made.map(json.dumps), odd_text(json.dumps(seed)))


def odd_text(seed: str) -> SearchStrategy[str]:
    """The seed with a piece of it replaced; or noise; or something very deep."""

    def spliced(begin: int, end: int, new: str) -> str:
        return seed[: min(begin, end)] + new + seed[max(begin, end) :]

    at = st.integers(0, len(seed))
    # a word of the seed that looks like a number, and is too much of one
    words = [(i, i + 1) for i, char in enumerate(seed) if char.isdigit()] or [(0, 0)]
    numbers = st.sampled_from(words).flatmap(lambda one: ODD_TEXT.map(lambda new: spliced(*one, new)))
    return st.one_of(st.builds(spliced, at, at, st.one_of(ODD_TEXT, st.text(max_size=8))), numbers, st.text())


def frame(section: str, text: str, code: int = 0) -> bytes:
    data = base64.b64encode(text.encode(errors="surrogatepass"))
    return b"@hummii %s %d %s\n" % (section.encode(), code, data)


def framed(**sections: str) -> SearchStrategy[bytes]:
    """A whole answer, one of whose sections is odd."""

    def answer(name: str, text: str) -> bytes:
        return b"".join(frame(key, text if key == name else said) for key, said in sections.items()) + frame("end", "")

    names = st.sampled_from(sorted(sections))
    return names.flatmap(lambda name: odd_text(sections[name]).map(lambda text: answer(name, text)))


def docker(section: str, seed: dict[str, Any]) -> SearchStrategy[bytes]:
    return odd_json(seed).map(lambda text: frame(section, text) + frame("end", ""))


def tarred(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return raw.getvalue()


def odd_bytes(seed: bytes) -> SearchStrategy[bytes]:
    def cut(begin: int, end: int, new: bytes) -> bytes:
        return seed[: min(begin, end)] + new + seed[max(begin, end) :]

    at = st.integers(0, len(seed))
    near = st.integers(0, min(len(seed), 512))
    one = st.builds(lambda i, byte: seed[:i] + byte + seed[i + 1 :], near, st.binary(min_size=1, max_size=1))
    return st.one_of(st.builds(cut, at, at, st.binary(max_size=16)), one, st.binary())
