"""How a script and its arguments travel: one command line, one standard input. Both transports use it.

Never pastes a value into shell text: an argument is quoted once, here, and nowhere else.
"""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Callable

from hummii_ops.errors import UsageError

MARK = b"--- hummii-ops begins here ---"
_MOST_NOISE_BYTES = 1 << 16


def checked(args: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments, or UsageError: a NUL ends the whole connection, other controls lie to readers."""
    for arg in args:
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in arg):
            raise UsageError(
                f"this text holds a control character and cannot be sent to a host: {arg!r:.80}",
                remedy="Write it on one line, without tabs, line breaks or escape codes.",
            )
    return args


def command_line(args: tuple[str, ...], *, sudo: bool = False) -> str:
    """`exec sh -s -- ARGS` for the login shell, whichever it is: nothing of the script stands in argv.

    `sudo`: as root, without a password (`sudo -n`): one that is asked for is an error, never a hidden prompt.
    """
    root = ["sudo", "-n", "--"] if sudo else []
    return shlex.join(["exec", *root, "sh", "-s", "--", *checked(args)])


def standard_input(script: str) -> bytes:
    """The script as one compound command with an empty input.

    sh reads a compound command to its end before it runs any of it, so an upload that is cut runs nothing
    instead of the first half; and a command inside that reads its input gets nothing instead of the script.
    """
    if "\0" in script:
        raise UsageError("a script cannot hold a NUL")
    mark = f"printf '%s\\n' '{MARK.decode()}'"
    return f"{{ {mark}; {mark} >&2; {script}\n}} </dev/null\n".encode()


class AfterMark:
    """Passes on what stands after the mark: before it a login shell's rc files may have talked."""

    def __init__(self, then: Callable[[bytes], None]) -> None:
        self._then = then
        self._before: bytes | None = b""

    def feed(self, data: bytes) -> None:
        if self._before is None:
            self._then(data)
            return
        noise, found, rest = (self._before + data).partition(MARK + b"\n")
        self._before = None if found else noise[-_MOST_NOISE_BYTES:]
        if rest:
            self._then(rest)

    def end(self, *, otherwise_all: bool) -> None:
        """Without a mark sh could not even parse the script: `otherwise_all` passes on what there is."""
        if self._before and otherwise_all:
            self._then(self._before)
