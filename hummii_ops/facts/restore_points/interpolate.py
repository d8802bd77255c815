"""`${VAR}` in an image's name, filled in as Compose does.

The forms are those of docs.docker.com/reference/compose-file/interpolation.

Never guesses: a variable without a value and without a default is an error, in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DEEPEST = 20


class NoValue(ValueError):
    """A variable has no value; the words say which."""


def interpolate(text: str, values: Mapping[str, str], *, depth: int = 0) -> str:
    """`text` with its variables filled in. NoValue for one that is unset without a default, or a bad form."""
    out, at = "", 0
    while at < len(text):
        if text[at] != "$":
            out, at = out + text[at], at + 1
        elif text.startswith("$$", at):
            out, at = out + "$", at + 2
        elif text.startswith("${", at):
            end = _closing(text, at)
            out, at = out + _braced(text[at + 2 : end], values, depth), end + 1
        elif matched := _NAME.match(text, at + 1):
            out, at = out + _value(matched[0], values), matched.end()
        else:
            raise NoValue(f"{text}: a $ stands alone")
    return out


def _braced(inside: str, values: Mapping[str, str], depth: int) -> str:
    matched = _NAME.match(inside)
    if matched is None or depth > _DEEPEST:
        raise NoValue(f"${{{inside}}} is not understood")
    name, rest = matched[0], inside[matched.end() :]
    if not rest:
        return _value(name, values)
    form = re.match(r":?[-?+]", rest)
    if form is None:
        raise NoValue(f"${{{inside}}} is not understood")
    word = rest[form.end() :]
    known = values.get(name)
    has_value = bool(known) if form[0].startswith(":") else known is not None
    if form[0].endswith("+"):
        return interpolate(word, values, depth=depth + 1) if has_value else ""
    if has_value and known is not None:
        return known
    if form[0].endswith("?"):
        raise NoValue(f"variable {name} is not set" + (f" ({word})" if word else ""))
    return interpolate(word, values, depth=depth + 1)


def _value(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        raise NoValue(f"variable {name} is not set")
    return values[name]


def _closing(text: str, start: int) -> int:
    depth, at = 0, start
    while at < len(text):
        if text.startswith("${", at):
            depth, at = depth + 1, at + 2
            continue
        if text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise NoValue(f"{text[start:]} is not closed")
