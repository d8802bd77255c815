"""Puts one more environment into the text of an inventory, between the lines that stand there.

Pure text: it reads no file, and what stands there already stays to the byte.
"""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from hummii_ops.inventory.read import compose

_NOTHING = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:map")


def insert_environment(old: str, name: str, mapping: Any, *, comment: str) -> str | None:
    """Put the new lines below the last environment, or below a new `environments:`.

    Returns None when the text is laid out in a way that leaves no room for lines.
    """
    root = compose(old)
    if root is not None and (not isinstance(root, MappingNode) or root.flow_style):
        return None
    key, value = _find_environments(root)
    if key is None or value is None:
        head, rest, indent = _ended(old), "", 2
        head += "\nenvironments:\n" if head else "environments:\n"
    elif isinstance(value, MappingNode) and value.value:
        if value.flow_style:
            return None
        indent = value.value[0][0].start_mark.column
        cut = _end_of_line(old, _last_written(value, after=0), deeper_than=indent)
        head, rest = _ended(old[:cut]) + "\n", old[cut:]
    elif value.tag not in _NOTHING or (isinstance(value, CollectionNode) and value.value):
        return None
    else:  # `environments:` with nothing, `~` or `{}`
        indent, start, end = 2, value.start_mark.index, value.end_mark.index
        if start != end:
            old = old[:start].rstrip(" ") + old[end:]
        cut = _end_of_line(old, key.end_mark.index, deeper_than=indent)
        head, rest = _ended(old[:cut]), old[cut:]
    gap = "\n" if rest.strip() and not rest.startswith(("\n", "\r\n")) else ""
    return _with_line_breaks_of(old, head + _render(name, mapping, comment, indent=indent) + gap + rest)


def _ended(text: str) -> str:
    """Return the text with a line break at its end, if it has any text."""
    return text if not text or text.endswith("\n") else text + "\n"


def _find_environments(root: Node | None) -> tuple[Node | None, Node | None]:
    if isinstance(root, MappingNode):
        for key, value in root.value:
            if isinstance(key, ScalarNode) and key.value == "environments":
                return key, value
    return None, None


def _last_written(node: Node, *, after: int) -> int:
    """Return the index behind the last character that was typed for `node`; `after` if it stands elsewhere.

    The parser's own end of a block lies behind the comments that follow it, and an alias has the place of its
    anchor: so only the last leaf tells.
    """
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        if isinstance(last, tuple):
            key, value = last
            return _last_written(value, after=max(after, key.end_mark.index))
        return _last_written(last, after=after)
    if node.value == "" and node.start_mark.index == node.end_mark.index:
        return after
    end: int = node.end_mark.index
    # A block of text (`|`) ends at the beginning of the line below it.
    return max(after, end - 1 if getattr(node, "style", None) in ("|", ">") else end)


def _end_of_line(text: str, index: int, *, deeper_than: int) -> int:
    """Return the index of the next line, behind comments that are indented as part of what ends here."""
    while True:
        found = text.find("\n", index)
        if found < 0:
            return len(text)
        index = found + 1
        line = text[index:].partition("\n")[0]
        if not (line.lstrip(" ").startswith("#") and len(line) - len(line.lstrip(" ")) > deeper_than):
            return index


def _render(name: str, mapping: Any, comment: str, *, indent: int) -> str:
    yaml, stream = YAML(typ="rt", pure=True), io.StringIO()
    yaml.width = 4096  # never folds a line
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump({name: mapping}, stream)
    lines = [f"# {line}".rstrip() for line in _printable(comment).splitlines()]
    return "".join(f"{' ' * indent}{line}\n" for line in (*lines, *stream.getvalue().splitlines()))


def _with_line_breaks_of(old: str, new: str) -> str:
    if "\r\n" not in old:
        return new
    return new.replace("\r\n", "\n").replace("\n", "\r\n")


def _printable(comment: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else " " for char in comment)
