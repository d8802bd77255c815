"""The seam between what decides and the hosts: run a script there, give back what it said.

Never says that a script failed when only the link did: that is `LinkLost`, and the outcome is unknown.

    UsageError      an argument that cannot be sent (a NUL, a line break, another control character)
    Unreachable     no connection could be made; nothing was sent          (from `connect`)
    HostKeyError    the host's key is unknown, changed or revoked          (from `connect`)
    LinkLost        the link went, or the limit passed: unknown            (from `call` and `stream`)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a script ended. `exit_code` is 128+n when signal n killed it, as a shell says it."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class LinkLost(Exception):
    """The link was lost, or the limit passed: what the script did is unknown, never "failed", never "fine".

    `sent` is False only when the script surely never left this machine. `limit_s`: the limit that passed, else None;
    the link may well stand then, and the host or the line be too slow.
    """

    def __init__(self, what: str, *, sent: bool = True, limit_s: float | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.sent = sent
        self.limit_s = limit_s

    @property
    def how(self) -> str:
        """The beginning of a sentence that says while what it happened."""
        return "the link was lost" if self.limit_s is None else f"no answer came within {self.limit_s:g} s"


class Transport(Protocol):
    """One host. Calls and streams may run at the same time from several threads."""

    @property
    def name(self) -> str:
        """The host's name in the inventory."""
        ...

    def call(self, script: str, *args: str, limit_s: float = 30) -> Result:
        """Run `script` with `args` as $1… under sh, without input. LinkLost after `limit_s`."""
        ...

    def stream(self, script: str, *args: str, on_line: Callable[[str], None], silence_s: float = 15) -> int:
        """As `call`, but each line of stdout is handed over as it arrives; returns the exit code.

        stderr is read and dropped: a script that has something to say there writes `2>&1`.
        LinkLost when nothing at all arrives for `silence_s`, so a followed script prints a beat.
        """
        ...

    def close(self) -> None: ...
