"""Measurement and Verdict: what a look gave, and what all looks together mean.

Never lets silence pass: where nothing at all was judged, the verdict is inconclusive.

    pass < inconclusive (not enough to judge by) < error (could not look) < fail
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from hummii_ops.errors import ExitCode

Verdict = Literal["pass", "inconclusive", "error", "fail"]
Judged = Verdict | Literal["skipped"]
SKIPPED: Final = "skipped"

_FROM_BEST: Final[tuple[Verdict, ...]] = ("pass", "inconclusive", "error", "fail")


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One look.

    `name` is `<what>` or `<what>.<service>` and never changes; `source` is the command or query that anyone can
    repeat. `limit` is what `value` may be at most, or must equal; `window_s` the time looked at, `samples` how many
    things were looked at in it. `critical` False: shown, but it cannot lower the verdict.
    """

    name: str
    verdict: Judged
    reason: str
    source: str
    value: str | int | float | None = None
    unit: str | None = None
    limit: str | int | float | None = None
    window_s: float | None = None
    samples: int | None = None
    critical: bool = True

    def as_json(self, *, host: str) -> dict[str, Any]:
        """One element of `measurements[]`; `window` is in seconds."""
        return {
            "name": self.name,
            "host": host,
            "verdict": self.verdict,
            "value": self.value,
            "unit": self.unit,
            "limit": self.limit,
            "n": self.samples,
            "window": self.window_s,
            "critical": self.critical,
            "reason": self.reason,
            "source": self.source,
        }


def worst(measurements: Iterable[Measurement]) -> Verdict:
    """The worst verdict of the critical ones; a skipped one does not lower it."""
    said = {one.verdict for one in measurements if one.critical}
    return next((verdict for verdict in reversed(_FROM_BEST) if verdict in said), "inconclusive")


def exit_code_of(verdict: Verdict) -> ExitCode:
    """pass 0, fail 7; inconclusive and error 10."""
    match verdict:
        case "pass":
            return ExitCode.DONE
        case "fail":
            return ExitCode.DEGRADED
        case "inconclusive" | "error":
            return ExitCode.INCONCLUSIVE
