"""A number and its limit, as a Measurement. Pure.

Never passes what was not measured: None is skipped with its reason, or inconclusive where the inventory requires it.
"""

from __future__ import annotations

import math

from hummii_ops.checks.verdict import SKIPPED, Measurement


def at_most(
    name: str,
    value: float,
    limit: float,
    *,
    unit: str,
    reason: str,
    source: str,
    samples: int | None = None,
    window_s: float | None = None,
    critical: bool = True,
) -> Measurement:
    """Pass if `value` is not above `limit`; `reason` says what it is, and gets the limit when it is broken."""
    broken = not value <= limit  # also what is no number
    return Measurement(
        name=name,
        verdict="fail" if broken else "pass",
        value=rounded(value),
        unit=unit,
        limit=limit,
        reason=f"{reason}; more than {limit:g} {unit}" if broken else reason,
        source=source,
        samples=samples,
        window_s=window_s,
        critical=critical,
    )


def not_judged(
    name: str,
    reason: str,
    *,
    source: str,
    required: bool = False,
    samples: int | None = None,
    window_s: float | None = None,
    critical: bool = True,
) -> Measurement:
    """Too little, or nothing there to measure: skipped, or inconclusive if it is required."""
    return Measurement(
        name=name,
        verdict="inconclusive" if required else SKIPPED,
        reason=reason,
        source=source,
        samples=samples,
        window_s=window_s,
        critical=critical or required,
    )


def unseen(name: str, reason: str, *, source: str, critical: bool = True) -> Measurement:
    """We could not look: an error, which is neither a pass nor a fail."""
    return Measurement(name=name, verdict="error", reason=reason, source=source, critical=critical)


def rounded(value: float) -> float | None:
    """Two decimals are enough for people; a whole number stays one. None for what is no number."""
    if not math.isfinite(value):
        return None
    short = round(value, 2)
    return int(short) if short == int(short) else short
