"""What cannot be well while the api is down: told by the api's own looks, and there alone.

Never hides a pass, nor what depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hummii_ops.checks.verdict import Measurement

_DEPENDS = ("flow.", "speed.", "response.", "requests.")


def without_api(measurements: Iterable[Measurement], api: str) -> tuple[Measurement, ...]:
    """Those that ask the api are not judged as failed when the looks at `api` itself say that it is down."""
    seen = tuple(measurements)
    signs = {f"service.{api}", "docker", "health.host", "health.outside"}
    if not any(one.verdict == "fail" and one.name in signs and _is_down(one) for one in seen):
        return seen
    return tuple(
        replace(one, verdict="inconclusive", reason=f"{api} is down")
        if one.verdict == "fail" and one.name.startswith(_DEPENDS)
        else one
        for one in seen
    )


def _is_down(one: Measurement) -> bool:
    """A health that answers, and is of another version, is up."""
    return not (one.name.startswith("health.") and isinstance(one.value, int) and 200 <= one.value < 300)
