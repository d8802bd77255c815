"""What a person wrote in a YAML file, as a tree in which every value and every key knows its place.

Every scalar stays the text that was typed (`1.10` is never 1.1): the models decide what it means.
This module must never do I/O and never judge a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """A position in a file: `line` and `column` count from 1, as editors do."""

    file: Path
    line: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Text:
    """A scalar, exactly as it was typed (without its quotes); `kind` is what YAML takes it for."""

    place: Place
    text: str
    kind: str = "str"


@dataclass(frozen=True, kw_only=True)
class Null:
    """`null`, `~`, or nothing at all."""

    place: Place


@dataclass(frozen=True, kw_only=True)
class Items:
    """A list."""

    place: Place
    items: tuple[Written, ...]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One key of a table, with the key's own place."""

    key_place: Place
    value: Written


@dataclass(frozen=True, kw_only=True)
class Table:
    """A mapping; merge keys (`<<`) are already merged in, and each merged key knows where it was typed."""

    place: Place
    entries: Mapping[str, Entry]


Written: TypeAlias = Text | Null | Items | Table
Plain: TypeAlias = str | list["Plain"] | dict[str, "Plain"] | None
Step: TypeAlias = str | int


def plain(written: Written) -> Plain:
    """Return the values alone: text, None, lists and dicts."""
    match written:
        case Text(text=text):
            return text
        case Null():
            return None
        case Items(items=items):
            return [plain(item) for item in items]
        case Table(entries=entries):
            return {key: plain(entry.value) for key, entry in entries.items()}


def overlay(under: Table, over: Table) -> Table:
    """Return `under` with the keys of `over` in place of its own.

    A key of `over` replaces the whole value: nothing is merged below the first level, so that what applies is
    always written in one place.
    """
    return Table(place=under.place, entries=MappingProxyType({**under.entries, **over.entries}))


def find(root: Written, path: Sequence[Step]) -> tuple[Written, Place, tuple[Step, ...]]:
    """Follow `path` as far as the file goes: the value reached, its place, the part of the path followed.

    A step that nothing in the file answers to is passed over: validators name steps of their own (the branch
    of a union, the only item of a list that was written as one value).
    """
    here, place, followed = root, root.place, []
    for step in path:
        match here:
            case Table(entries=entries) if isinstance(step, str) and step in entries:
                here = entries[step].value
            case Items(items=items) if isinstance(step, int) and 0 <= step < len(items):
                here = items[step]
            case _:
                continue
        place = here.place
        followed.append(step)
    return here, place, tuple(followed)
