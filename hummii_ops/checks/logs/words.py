"""Words of which one stands in every line that a set of regexes can find: a cheap sieve for the host.

Never leaves out a line that a regex would find: where no such words can be told, there is no sieve.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

_SHORTEST = 3


def sieve(patterns: Iterable[str]) -> tuple[str, ...] | None:
    """Lower-case words; None if some regex needs no word of at least three letters."""
    found: list[str] = []
    for pattern in patterns:
        words = _words(pattern)
        if not words:
            return None
        found += words
    return tuple(dict.fromkeys(word.lower() for word in found))


def _words(pattern: str) -> list[str]:
    """Python's own parser takes the regex apart; what it cannot tell us has no words."""
    try:
        return _needed(list(import_module("re._parser").parse(pattern)))
    except (ImportError, AttributeError, TypeError, ValueError, re.error):
        return []


def _needed(items: list[Any]) -> list[str]:
    """The best set of words, one of which every match of this sequence holds; empty if there is none."""
    sets, run = [], ""
    for operation, what in items:
        if str(operation) == "LITERAL" and _is_plain(what):
            run += chr(what)
            continue
        if str(operation) == "AT":  # an anchor takes up no room: "\bFATAL\b"
            continue
        sets.append([run] if run else [])
        run = ""
        sets.append(_inside(str(operation), what))
    sets.append([run] if run else [])
    useful = [words for words in sets if words and all(len(word) >= _SHORTEST for word in words)]
    return max(useful, key=lambda words: min(map(len, words)), default=[])


def _inside(operation: str, what: Any) -> list[str]:
    if operation == "SUBPATTERN":
        return _needed(list(what[-1]))
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _needed(list(what[2])) if what[0] >= 1 else []
    if operation == "ATOMIC_GROUP":
        return _needed(list(what))
    if operation == "BRANCH":
        branches = [_needed(list(branch)) for branch in what[1]]
        return [word for words in branches for word in words] if all(branches) else []
    return []


def _is_plain(code: int) -> bool:
    """A letter that a C locale can fold, and that an argument can carry."""
    return 32 <= code < 127
