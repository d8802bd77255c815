"""What came of the flows, as Measurements: `flow.<name>`, and `speed.<flow>.<step>` where a step has a limit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hummii_ops.checks.flows.played import DOWN, Played, StepResult
from hummii_ops.checks.verdict import SKIPPED, Measurement


def measure(played: Iterable[Played]) -> tuple[Measurement, ...]:
    """Two kinds of look at each flow: did it go well, and was it quick enough."""
    return tuple(one for flow in played for one in (_flow(flow), *_speeds(flow)))


def none_allowed(reason: str = "no flow is allowed here (flows.allow in inventory.yml)") -> tuple[Measurement, ...]:
    """Said where no flow runs, so that nobody takes silence for a pass."""
    return (Measurement(name="flows", verdict=SKIPPED, reason=reason, source="inventory.yml: flows"),)


def unreadable(number: int) -> tuple[Measurement, ...]:
    """The files have mistakes: nothing was run."""
    reason = f"{number} mistake{'s' if number > 1 else ''} in the files: fab flows.check"
    return (Measurement(name="flows", verdict="error", reason=reason, source="fab flows.check"),)


def _flow(played: Played) -> Measurement:
    done = f"{len(played.steps)} steps, {played.attempts} requests in {played.elapsed_s:.1f} s"
    return Measurement(
        name=f"flow.{played.flow}",
        verdict=played.verdict,
        reason=played.reason or done,
        source=f"fab flows.run --only={played.flow}",
        samples=played.attempts or None,
        window_s=played.elapsed_s or None,
        limit="every step",
        critical=played.critical,
    )


def _speeds(played: Played) -> Iterator[Measurement]:
    by_name = {step.name: step for step in played.steps}
    for name in played.limits:
        step = by_name.get(name)
        if played.verdict != SKIPPED:
            yield _speed(played, name, step)


def _speed(played: Played, name: str, step: StepResult | None) -> Measurement:
    speed = Measurement(
        name=f"speed.{played.flow}.{name}",
        verdict="inconclusive",
        reason=DOWN if played.reason == DOWN else f"not measured: {played.reason or 'not reached'}",
        source=f"fab flows.run --only={played.flow}",
        critical=played.critical,
    )
    if step is None or step.verdict != "pass" or step.median_ms is None or step.limit_ms is None:
        return speed
    slow = step.median_ms > step.limit_ms
    return replace(
        speed,
        verdict="fail" if slow else "pass",
        value=step.median_ms,
        unit="ms",
        limit=step.limit_ms,
        samples=step.attempts,
        reason=f"median of {step.attempts}: {step.median_ms} ms, {'more than' if slow else 'within'} {step.limit_ms:g}",
    )
