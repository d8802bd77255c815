"""Reads YAML text into a tree with places, and finds every duplicate key and odd construct on the way.

It never constructs an object that a file asks for (tags are refused) and never quotes the file in a problem.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from types import MappingProxyType

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from hummii_ops.inventory.problems import Problem, problem_at
from hummii_ops.inventory.written import Entry, Items, Null, Place, Step, Table, Text, Written

_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value"))
# No inventory comes near; a few lines of aliases of aliases would otherwise fill the memory.
_MOST_VALUES = 100_000
_MOST_LEVELS = 40
# These words of the parser repeat what the file says there, which may be a piece of a password.
_QUOTES_THE_FILE = re.compile(r"\b(alias|anchor|handle) (['\"]).*\2")


def compose(text: str) -> Node | None:
    """Return ruamel's node of the one document in `text`, None when it holds nothing. Raises YAMLError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReusedAnchorWarning)  # an anchor may be used again: YAML allows it
        node: Node | None = YAML(typ="rt", pure=True).compose(text)
    return node


def read_text(text: str, *, file: Path, at: tuple[Step, ...] = ()) -> tuple[Written, list[Problem]]:
    """Return what is written in `text`, and the problems of its form; an unreadable text reads as nothing.

    `at` is the key path under which the text stands in the inventory, for the paths of the problems.
    """
    nothing = Null(place=Place(file=file, line=1, column=1))
    try:
        node = compose(text)
    except MarkedYAMLError as error:
        return nothing, [_syntax_problem(error, file=file)]
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        place = Place(file=file, line=line, column=column)
        return nothing, [problem_at(place, "a control character may not stand in this file")]
    except YAMLError:
        return nothing, [problem_at(nothing.place, "this is not YAML")]
    except RecursionError:
        return nothing, [problem_at(nothing.place, "nested too deeply")]
    if node is None:
        return nothing, [problem_at(nothing.place, "the file is empty")]
    reader = _Reader(file)
    return reader.read(node, at), reader.problems


def _syntax_problem(error: MarkedYAMLError, *, file: Path) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    said = ", ".join(part for part in (error.context, error.problem) if part)
    said = _QUOTES_THE_FILE.sub(r"\1", said)
    return problem_at(Place(file=file, line=line, column=column), f"not valid YAML: {said}")


class _Reader:
    """One walk over one document: keeps the problems found, and what each anchor was read as."""

    def __init__(self, file: Path) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._read: dict[int, Written] = {}
        self._open: set[int] = set()
        self._weight: dict[int, tuple[int, int]] = {}

    def read(self, node: Node, path: tuple[Step, ...]) -> Written:
        place = self._place(node)
        if id(node) in self._read:  # an alias: the same node again
            return self._read[id(node)]
        if id(node) in self._open:
            self._problem(place, "an alias may not contain itself", path)
            return Null(place=place)
        self._open.add(id(node))
        written = self._read_new(node, place, path)
        self._open.discard(id(node))
        size, depth = self._weigh(node)
        if size > _MOST_VALUES or depth > _MOST_LEVELS:
            self._problem(place, "nested too deeply, or too large with its aliases", path)
            written, self._weight[id(node)] = Null(place=place), (1, 1)
        self._read[id(node)] = written
        return written

    def _read_new(self, node: Node, place: Place, path: tuple[Step, ...]) -> Written:
        match node:
            case ScalarNode() if node.tag in _SCALAR_TAGS:
                if node.tag == _TAG + "null":
                    return Null(place=place)
                return Text(place=place, text=node.value, kind=node.tag.removeprefix(_TAG))
            case SequenceNode() if node.tag == _TAG + "seq":
                items = tuple(self.read(item, (*path, index)) for index, item in enumerate(node.value))
                return Items(place=place, items=items)
            case MappingNode() if node.tag == _TAG + "map":
                return self._read_table(node, place, path)
        self._problem(place, "a YAML tag (`!…`) is not allowed here", path)
        return Null(place=place)

    def _read_table(self, node: MappingNode, place: Place, path: tuple[Step, ...]) -> Table:
        merged: dict[str, Entry] = {}
        own: dict[str, Entry] = {}
        merge_place: Place | None = None
        for key_node, value_node in node.value:
            key_place = self._place(key_node)
            if not isinstance(key_node, ScalarNode) or key_node.tag not in _SCALAR_TAGS:
                self._problem(key_place, "a key must be one word", path)
                continue
            key = key_node.value
            is_merge = key_node.tag == _TAG + "merge"
            first = merge_place if is_merge else own[key].key_place if key in own else None
            if first is not None:
                message = f"duplicate key; it stands first at {first.line}:{first.column}"
                self._problem(key_place, message, (*path, key))
                self.read(value_node, (*path, key))  # its own problems are told too
            elif is_merge:
                merge_place = key_place
                merged = self._read_merge(value_node, path)
            else:
                value = self.read(value_node, (*path, key))
                if isinstance(value, Null) and value_node.value == "":
                    value = Null(place=key_place)  # the parser places an empty value at the next key
                own[key] = Entry(key_place=key_place, value=value)
        return Table(place=place, entries=MappingProxyType({**merged, **own}))

    def _read_merge(self, node: Node, path: tuple[Step, ...]) -> dict[str, Entry]:
        sources = node.value if isinstance(node, SequenceNode) else [node]
        merged: dict[str, Entry] = {}
        for source in sources:
            table = self.read(source, path)
            if not isinstance(table, Table):
                self._problem(self._place(source), "only a mapping can be merged", (*path, "<<"))
                continue
            merged = {**table.entries, **merged}  # the first of several sources wins, as YAML says
        return merged

    def _weigh(self, node: Node) -> tuple[int, int]:
        """Return how many values and levels a node has when every alias in it is written out."""
        if id(node) not in self._weight:
            self._weight[id(node)] = (1, 1)  # what an alias that contains itself counts as
            inner = node.value if isinstance(node, SequenceNode | MappingNode) else []
            weights = [self._weigh(one[1] if isinstance(one, tuple) else one) for one in inner]
            levels = 1 + max((depth for _, depth in weights), default=0)
            self._weight[id(node)] = (1 + sum(size for size, _ in weights), levels)
        return self._weight[id(node)]

    def _place(self, node: Node) -> Place:
        return Place(file=self._file, line=node.start_mark.line + 1, column=node.start_mark.column + 1)

    def _problem(self, place: Place, message: str, path: tuple[Step, ...]) -> None:
        self.problems.append(problem_at(place, message, path=path))
