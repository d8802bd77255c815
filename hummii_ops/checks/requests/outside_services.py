"""What the stack depends on outside of it: does it answer, asked on the host, and how long does that take?

A handful of questions: it is somebody else's server. Advisory: production may be well while it is ill. Never takes
"the host has no curl" for "does not answer".
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from hummii_ops.checks.at_most import unseen
from hummii_ops.checks.requests import responses
from hummii_ops.checks.verdict import Measurement
from hummii_ops.errors import Unreachable
from hummii_ops.inventory import Environment
from hummii_ops.transport import LinkLost, Transport

QUESTIONS, _EVERY_MS = 5, 200
_FEWEST = 3  # of the answers; fewer, and it does not answer


@dataclass(frozen=True, kw_only=True)
class Answered:
    """`ms`: the median of its answers; None: it does not answer. `said` for people."""

    ms: float | None
    said: str


def look(transport: Transport, environment: Environment) -> Mapping[str, Answered] | None:
    """By name. None: could not look; {} where the inventory names none."""
    asked = environment.dependencies
    if not asked:
        return {}
    urls, within_s = [one.url for one in asked], max(one.within_s for one in asked)
    try:
        probes = responses.probe_on_host(
            transport, urls, questions=QUESTIONS * len(urls), every_ms=_EVERY_MS, within_s=within_s
        )
    except (LinkLost, Unreachable):
        return None
    if probes is None:
        return None
    return {
        one.name: _answered([probe for probe in probes if probe.number % len(urls) == number], one.within_s)
        for number, one in enumerate(asked)
    }


def _answered(probes: list[responses.Probe], within_s: float) -> Answered:
    good = [one.ms for one in probes if one.status is not None and one.status < 500 and one.ms <= within_s * 1000]
    if len(good) < _FEWEST:
        statuses = sorted({str(one.status or "none") for one in probes})
        words = f"{QUESTIONS - len(good)} of {QUESTIONS} questions got no answer within {within_s:g} s"
        return Answered(ms=None, said=f"{words} (status {', '.join(statuses) or 'none'})")
    median = statistics.median(good)
    return Answered(ms=round(median, 2), said=f"answers, median of {len(good)}: {median:.0f} ms")


def measure(found: Mapping[str, Answered] | None, environment: Environment) -> tuple[Measurement, ...]:
    """`dependency.<name>` for each."""
    named = {one.name: f"curl -s -o /dev/null {one.url} (on the host)" for one in environment.dependencies}
    if found is None:
        reason = "could not look: no curl on the host, or the link was lost"
        return tuple(
            unseen(f"dependency.{name}", reason, source=source, critical=False) for name, source in named.items()
        )
    return tuple(_measurement(name, one, named[name]) for name, one in found.items())


def _measurement(name: str, one: Answered, source: str) -> Measurement:
    return Measurement(
        name=f"dependency.{name}",
        verdict="fail" if one.ms is None else "pass",
        value=None if one.ms is None else round(one.ms),
        unit="ms",
        reason=one.said,
        source=source,
        samples=QUESTIONS,
        critical=False,
    )
