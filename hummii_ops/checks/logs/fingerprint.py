"""A log line's fingerprint: what stays the same when the same thing happens again.

Never keeps what differs from one occurrence to the next: times, numbers, ids, hex, quoted strings.
"""

from __future__ import annotations

import json
import re
from typing import Any

from hummii_ops.transport.text import printable

_RULES = (
    (re.compile(r"\"(?:[^\"\\]|\\.)*\"|(?<!\w)'[^']*'(?!\w)|`[^`]*`"), "'…'"),
    (re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "#"),
    (re.compile(r"(?i)\b(?:0x[0-9a-f]+|(?=[a-f]*\d)[0-9a-f]{6,})\b"), "#"),
    (re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w{12,}\b"), "#"),  # ids in letters and digits
    (re.compile(r"[+-]?\d+(?:[.,:T/-]\d+)*"), "#"),
    (re.compile(r"[\s#]*#[\s#]*"), " # "),
    (re.compile(r"\s+"), " "),
)
_MESSAGE = ("message", "msg", "error", "err", "reason", "event", "code", "name")
_LEVEL = ("level", "severity", "lvl", "log.level")
_CALM = {"trace", "debug", "verbose", "info", "information", "notice", "warn", "warning"}
_LOGFMT = re.compile(r"(?:^|\s)(?:level|lvl|severity)=\"?([A-Za-z]+)")
_PINO_ERROR = 50  # pino and bunyan: 10 trace … 40 warn, 50 error, 60 fatal


def fingerprint(line: str) -> str:
    """The same text for two lines that say the same; at most 200 characters."""
    text = _message(line)
    for rule, instead in _RULES:
        text = rule.sub(instead, text)
    return text.strip()[:200]


def is_calm(line: str) -> bool:
    """Does the line itself say that it is less than an error? Only a structured log can."""
    said = _object(line)
    if said is None:
        matched = _LOGFMT.search(line)
        return bool(matched) and matched[1].lower() in _CALM if matched else False
    level = next((said[key] for key in _LEVEL if key in said), None)
    if isinstance(level, bool):
        return False
    if isinstance(level, int | float):
        return level < _PINO_ERROR
    return isinstance(level, str) and level.lower() in _CALM


def _message(line: str) -> str:
    """What a structured line says, without its fields; any other line as it is."""
    said = _object(line)
    if said is None:
        return printable(line)
    words = [_text(said[key]) for key in _MESSAGE if key in said]
    return printable(" | ".join(word for word in words if word)) or printable(line)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_text(value[key]) for key in ("type", "name", "message", "code") if key in value)
    return value if isinstance(value, str) else ""


def _object(line: str) -> dict[str, Any] | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
