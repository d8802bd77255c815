"""What a task has to say: one document for programs, a page for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hummii_ops.errors import ExitCode

if TYPE_CHECKING:  # loaded when something is shown, which may be while a host works
    from rich.console import Console


def nothing(_console: Console) -> None:
    """A reply that has no page of its own."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a task has to say. `kind` names the schema; `show` prints the page for people.

    `after` is done when all is said: it cannot change what was said, nor the exit code.
    """

    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    exit_code: ExitCode = ExitCode.DONE
    verdict: str = "pass"
    show: Callable[[Console], None] = nothing
    after: Callable[[], None] | None = None

    def document(self) -> dict[str, Any]:
        head = {"schema": f"hummii-ops/{self.kind}/v1", "exit_code": int(self.exit_code), "verdict": self.verdict}
        return head | self.body


def say() -> Console:
    """The console for people: always stderr, so that stdout has nothing but the result."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
