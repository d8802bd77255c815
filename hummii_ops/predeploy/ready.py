"""The gate `ready`: what fab ready says, but for what --latest would choose today. Pure.

After the deploy the way back is what runs now: while nothing else can be gone back to, the fix must be able to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hummii_ops.checks.verdict import SKIPPED
from hummii_ops.predeploy.gate import Gate, worst_of

_OF_TODAY = "target"


def judge(lines: Sequence[Mapping[str, Any]], *, source: str) -> Gate:
    """The gate, from the lines of fab ready."""
    counted = [one for one in lines if one["name"] != _OF_TODAY]
    open_ones = [one for one in counted if one["verdict"] not in ("pass", SKIPPED)]
    reason = f"{len(counted)} looks, {len(open_ones)} of them not green"
    if len(counted) < len(lines):
        reason += "; what --latest would choose today does not count: after the deploy it is what runs now"
    return Gate(
        name="ready",
        verdict=worst_of(one["verdict"] for one in counted),
        reason=reason,
        source=source,
        details=tuple(f"{one['host']}: {one['name']}: {one['reason']}" for one in open_ones),
    )
