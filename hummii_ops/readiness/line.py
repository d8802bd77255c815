"""A line of `fab ready`: a look, and exactly what to do where it is not green.

Never lets yellow pass for green: what is late, or not known, is inconclusive; what would stop a rollback is a fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hummii_ops.checks import SKIPPED, Measurement, Verdict, worst


@dataclass(frozen=True, kw_only=True)
class Line:
    """`todo` is "" where there is nothing to do."""

    look: Measurement
    todo: str = ""

    def as_json(self, *, host: str) -> dict[str, Any]:
        """One element of `lines[]`: as a measurement of verify, and what to do."""
        return self.look.as_json(host=host) | {"todo": self.todo or None}


def verdict_of(lines: Iterable[Line]) -> Verdict:
    """The worst of them."""
    return worst(one.look for one in lines)


def green(name: str, reason: str, *, source: str, **more: Any) -> Line:
    """As it must be."""
    return Line(look=Measurement(name=name, verdict="pass", reason=reason, source=source, **more))


def yellow(name: str, reason: str, todo: str, *, source: str, **more: Any) -> Line:
    """It would not stop a rollback, or nobody knows whether it would."""
    return Line(look=Measurement(name=name, verdict="inconclusive", reason=reason, source=source, **more), todo=todo)


def unseen(name: str, reason: str, todo: str, *, source: str) -> Line:
    """We could not look."""
    return Line(look=Measurement(name=name, verdict="error", reason=reason, source=source), todo=todo)


def red(name: str, reason: str, todo: str, *, source: str, **more: Any) -> Line:
    """A rollback would be refused, or would lack what it promises."""
    return Line(look=Measurement(name=name, verdict="fail", reason=reason, source=source, **more), todo=todo)


def grey(name: str, reason: str, *, source: str, **more: Any) -> Line:
    """Not asked for here, with the reason."""
    return Line(look=Measurement(name=name, verdict=SKIPPED, reason=reason, source=source, **more))
