"""`{{name}}` in a flow: which names it holds, and the same with their values in place. No code, no filters.

Never fills twice: what a server said is a value, also when it looks like a template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

HOLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")


def holes(value: Any) -> Iterator[str]:
    """The names in a value, at whatever depth; keys of mappings are no templates."""
    match value:
        case str():
            yield from HOLE.findall(value)
        case Mapping():
            for one in value.values():
                yield from holes(one)
        case list() | tuple():
            for one in value:
                yield from holes(one)


def malformed(text: str) -> bool:
    """Does something look like a template, and is none?"""
    return "{{" in HOLE.sub("", text)


def fill(value: Any, lookup: Callable[[str], Any]) -> Any:
    """`value` with what `lookup` knows; a text that is one name alone becomes that value, of its own type."""
    match value:
        case str():
            whole = HOLE.fullmatch(value)
            return lookup(whole[1]) if whole else HOLE.sub(lambda found: _text(lookup(found[1])), value)
        case Mapping():
            return {key: fill(one, lookup) for key, one in value.items()}
        case list() | tuple():
            return [fill(one, lookup) for one in value]
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
