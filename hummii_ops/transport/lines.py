"""Bytes that arrive in pieces → whole lines, handed over as soon as they are whole."""

from __future__ import annotations

from collections.abc import Callable

LONGEST_LINE_BYTES = 1 << 20  # a host that never breaks its line must not fill our memory


class Lines:
    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = bytearray()

    def feed(self, data: bytes) -> None:
        *whole, rest = (self._rest + data).split(b"\n")
        self._rest = rest
        for line in whole:
            self._hand_over(line)
        if len(self._rest) > LONGEST_LINE_BYTES:
            self.end()

    def end(self) -> None:
        """The last line may lack its newline."""
        if self._rest:
            line, self._rest = self._rest, bytearray()
            self._hand_over(line)

    def _hand_over(self, line: bytearray) -> None:
        self._on_line(line.decode(errors="replace"))
