"""The lines `@hummii <section> <exit code> <base64>` that our read scripts print.

Never believes any other line: a login script's noise is not an answer, and half an answer is none.
"""

from __future__ import annotations

import binascii
import functools
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from hummii_ops.errors import Unreachable

P = ParamSpec("P")
T = TypeVar("T")
# What a parser raises over a word that is none of what it may be: a number of 5000 digits, a list for a text.
SENSELESS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
_LINE = re.compile(rb"@hummii ([a-z_]{1,32}) (\d{1,3}) ([A-Za-z0-9+/=]*)\r?\Z")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One section's answer: the exit code of what was asked, and what it printed."""

    exit_code: int
    data: bytes

    @property
    def text(self) -> str:
        """The answer as text; bytes that are not UTF-8 survive as surrogates."""
        return self.data.decode(errors="surrogateescape")


NOTHING = Frame(exit_code=127, data=b"")


@dataclass(frozen=True, kw_only=True)
class Frames:
    """All sections of one answer; a section may come more than once, and may be missing."""

    sections: dict[str, tuple[Frame, ...]]

    def all(self, section: str) -> tuple[Frame, ...]:
        """Every frame of a section, in the order of printing."""
        return self.sections.get(section, ())

    def one(self, section: str) -> Frame:
        """The section's first frame; one with exit code 127 and no data if it is missing."""
        return next(iter(self.all(section)), NOTHING)


def frames(answer: bytes, *, host: str) -> Frames:
    """Read an answer. Unreachable if its last line is missing: then it was cut."""
    sections: dict[str, tuple[Frame, ...]] = {}
    for line in answer.split(b"\n"):
        matched = _LINE.match(line)
        if matched is None:
            continue
        try:
            frame = Frame(exit_code=int(matched[2]), data=b64decode(matched[3], validate=True))
        except binascii.Error:
            continue
        name = matched[1].decode()
        sections[name] = (*sections.get(name, ()), frame)
    if "base64" in sections:
        raise Unreachable(
            f"{host}: base64 is missing, so the host cannot be read", remedy="Install coreutils on the host."
        )
    if "end" not in sections:
        raise Unreachable(
            f"{host}: the answer was cut short; what is true there is unknown",
            remedy="Try again; if it stays so, look whether `ssh` to the host ends with an error.",
        )
    return Frames(sections=sections)


def sensible(parse: Callable[P, T]) -> Callable[P, T]:
    """A parser of a whole answer, called with `host` or `host_name`: what makes no sense is Unreachable."""

    @functools.wraps(parse)
    def parsed(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return parse(*args, **kwargs)
        except SENSELESS as error:
            host = kwargs.get("host_name", kwargs.get("host", "the host"))
            raise Unreachable(
                f"{host}: its answer makes no sense ({type(error).__name__}: {error!s:.80})",
                remedy="Look at what the host says of itself: ssh to it, docker ps, ls -la .hummii-ops backups.",
            ) from error

    return parsed
