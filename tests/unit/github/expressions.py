"""GitHub's expressions, `${{ … }}`, evaluated as its documentation says: for what our workflows use of them.

What is not known here is a KeyError or a ValueError, never an empty text: a test must not pass by a typing error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<op>&&|\|\||==|!=|[!()\[\],.])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*))"
)
_WHOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
STATUS = ("always", "success", "failure", "cancelled")


def interpolated(text: Any, context: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> str:
    """A value of YAML with its expressions replaced."""
    return _WHOLE.sub(lambda found: as_text(evaluate(found[1], context, functions)), as_text(text))


def condition(text: str | None, context: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> bool:
    """An `if:`; without a status function it means `success() && (…)`."""
    if text is None:
        return bool(functions["success"]())
    whole = _WHOLE.fullmatch(text.strip())
    source = whole[1] if whole else text
    if not re.search(rf"\b({'|'.join(STATUS)})\s*\(", source) and not functions["success"]():
        return False
    return truthy(evaluate(source, context, functions))


def evaluate(source: str, context: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    """The value of one expression."""
    return _Parser(source, context, {**_FUNCTIONS, **functions}).whole()


def truthy(value: Any) -> bool:
    return value not in (False, 0, "", None)


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _equal(left: Any, right: Any) -> bool:
    """Texts without regard to case; of two kinds, as numbers."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if type(left) is type(right):
        return bool(left == right)
    return _number(left) == _number(right)


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return float("nan")


def _contains(where: Any, what: Any) -> bool:
    return any(_equal(one, what) for one in where) if isinstance(where, list) else what.lower() in where.lower()


_FUNCTIONS: dict[str, Callable[..., Any]] = {"contains": _contains, "fromJSON": json.loads, "toJSON": json.dumps}


class _Parser:
    def __init__(self, source: str, context: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> None:
        self.context, self.functions, self.at = context, functions, 0
        self.tokens: list[tuple[str, str]] = []
        place = 0
        source = source.strip()
        while place < len(source):
            match = _TOKEN.match(source, place)
            if match is None:
                raise ValueError(f"not an expression: {source[place:]!r} in {source!r}")
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            place = match.end()

    def whole(self) -> Any:
        value = self.either()
        if self.at != len(self.tokens):
            raise ValueError(f"more than an expression: {self.tokens[self.at :]}")
        return value

    def either(self) -> Any:
        value = self.both()
        while self.takes("||"):
            other = self.both()
            value = value if truthy(value) else other
        return value

    def both(self) -> Any:
        value = self.equal()
        while self.takes("&&"):
            other = self.equal()
            value = other if truthy(value) else value
        return value

    def equal(self) -> Any:
        value = self.unary()
        while (op := self.peek()) in ("==", "!="):
            self.at += 1
            value = _equal(value, self.unary()) == (op == "==")
        return value

    def unary(self) -> Any:
        return not truthy(self.unary()) if self.takes("!") else self.primary()

    def primary(self) -> Any:
        kind, text = self.next()
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        if text == "(":
            value = self.either()
            self.must(")")
            return value
        if text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        if kind != "name":
            raise ValueError(f"not expected: {text!r}")
        return self.call(text) if self.takes("(") else self.looked_up(self.context[text])

    def call(self, name: str) -> Any:
        words = []
        while not self.takes(")"):
            words.append(self.either())
            self.takes(",")
        return self.functions[name](*words)

    def looked_up(self, value: Any) -> Any:
        """What is not there is null, as GitHub has it."""
        while True:
            if self.takes("."):
                key = self.next()[1]
            elif self.takes("["):
                key = self.either()
                self.must("]")
            else:
                return value
            value = value.get(key) if isinstance(value, Mapping) else None

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) and self.tokens[self.at][0] == "op" else ""

    def takes(self, op: str) -> bool:
        if self.peek() != op:
            return False
        self.at += 1
        return True

    def must(self, op: str) -> None:
        if not self.takes(op):
            raise ValueError(f"{op!r} is missing")

    def next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise ValueError("an expression ends too soon")
        self.at += 1
        return self.tokens[self.at - 1]
