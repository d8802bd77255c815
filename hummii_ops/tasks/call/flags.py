"""What the flags of every task may hold, and what is said of them in its help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hummii_ops.errors import UsageError


def check_flags(flags: dict[str, Any], formats: tuple[str, ...]) -> None:
    """Raises UsageError for a text that is none, a format that the task has not, and a reason that is no line."""
    for name, value in flags.items():
        if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
            raise UsageError(f"the text of --{name.replace('_', '-')} is not UTF-8")
    if flags.get("format", "text") not in formats:
        raise UsageError(f"--format is {' or '.join(formats)}, not {flags['format']!r}")
    for name in ("reason", "declare", "despite"):
        if flags.get(name) is not None:
            check_reason(flags[name])


def check_reason(reason: str) -> None:
    """A reason is free text on one line. Raises UsageError for a control character or more than 500 characters."""
    if len(reason) > 500:
        raise UsageError(f"the reason has {len(reason)} characters; 500 are the most")
    if any(ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u2028\u2029" for char in reason):
        raise UsageError("the reason has a line break or another control character; it must be one line")


_COMMON = {
    "env": "environment of inventory.yml (else $HUMMII_ENV, else its default)",
    "format": "text for people, or json: one document on stdout",
    "yes": "do not ask",
    "reason": "why, in a line; kept in the run and shown to the others",
    "run": "id of the run; default: the newest of this environment",
    "limit": "only these hosts, by name, separated by commas",
    "wait": "seconds to wait for the lease when someone else holds it",
    "dry_run": "read everything, change nothing, show the plan",
}


_JSONL = "; jsonl: before it each event of the run as it comes, a line each"


def help_of(body: Callable[..., Any], formats: tuple[str, ...], own: dict[str, str]) -> dict[str, str]:
    """Flag → its help, for the flags that a task's function takes."""
    names = list(body.__code__.co_varnames[1 : body.__code__.co_argcount])
    known = _COMMON | ({"format": _COMMON["format"] + _JSONL} if "jsonl" in formats else {}) | own
    return {name: text for name, text in known.items() if name in names}
