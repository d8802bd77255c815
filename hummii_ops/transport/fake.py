"""A host that answers from a function: for tests, ours and those of whoever builds on us."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hummii_ops.transport.lines import Lines
from hummii_ops.transport.protocol import LinkLost, Result
from hummii_ops.transport.shell import checked


@dataclass(frozen=True, kw_only=True)
class Call:
    """What was asked of the fake."""

    script: str
    args: tuple[str, ...]
    streamed: bool


class FakeTransport:
    """`answer(script, args)` gives the Result, or raises LinkLost; every call is kept in `calls`."""

    def __init__(self, answer: Callable[[str, tuple[str, ...]], Result], *, name: str = "fake") -> None:
        self.name = name
        self.calls: list[Call] = []
        self._answer = answer
        self._closed = False

    def call(self, script: str, *args: str, limit_s: float = 30) -> Result:
        return self._ask(script, args, streamed=False)

    def stream(self, script: str, *args: str, on_line: Callable[[str], None], silence_s: float = 15) -> int:
        result = self._ask(script, args, streamed=True)
        lines = Lines(on_line)
        lines.feed(result.stdout)
        lines.end()
        return result.exit_code

    def close(self) -> None:
        self._closed = True

    def _ask(self, script: str, args: tuple[str, ...], *, streamed: bool) -> Result:
        checked(args)
        if self._closed:
            raise LinkLost(f"{self.name}: the connection is closed", sent=False)
        self.calls.append(Call(script=script, args=args, streamed=streamed))
        return self._answer(script, args)
