"""Does the stack answer as healthy, asked on the host itself and from outside? Pure: judges answers that were given.

Never compares a version that is not known, and never lets a look that failed here count against the stack.
"""

from __future__ import annotations

import json
import shlex

from hummii_ops.checks.mask import shown, shown_url
from hummii_ops.checks.stack.outside import Looked
from hummii_ops.checks.verdict import SKIPPED, Measurement
from hummii_ops.facts.restore_points.image_refs import version_of
from hummii_ops.facts.snapshot import Snapshot


def running_version(snapshot: Snapshot, version_service: str) -> str | None:
    """The version that the service's first replica runs; None if it runs not, or its image says none."""
    containers = snapshot.service(version_service)
    if not containers:
        return None
    return version_of(containers[0].image_ref, snapshot.image(containers[0].image_id))


def inside(snapshot: Snapshot, *, field: str | None, version: str | None) -> Measurement:
    """`health.host`: the URL of health.inside, asked on the host."""
    answer = snapshot.health
    if answer is None:
        reason = "the inventory names no URL to ask on the host (health.inside)"
        return Measurement(name="health.host", verdict=SKIPPED, reason=reason, source="inventory.yml: health.inside")
    source = f"on the host: curl -sS -m 3 -i {shlex.quote(shown_url(answer.url))}"
    if any("curl" in tool for tool in snapshot.tools_missing):
        reason = "could not ask: the host has neither curl nor wget"
        return Measurement(name="health.host", verdict="error", reason=reason, source=source)
    if answer.code is None:
        reason = f"no answer: {shown(answer.error or 'none within 3 s')}"
        return Measurement(name="health.host", verdict="fail", value="no answer", reason=reason, source=source)
    wrong = None
    if not 200 <= answer.code < 300:
        wrong = f"HTTP {answer.code}"
    elif field and version:
        said = _field(answer.body, field)
        wrong = None if said == version else f"answers as version {said or 'unknown'}, not {version}"
    return Measurement(
        name="health.host",
        verdict="fail" if wrong else "pass",
        value=answer.code,
        unit="HTTP",
        limit="2xx",
        reason=wrong or _good(answer.code, answer.elapsed_ms, field, version),
        source=source,
        samples=1,
    )


def outside(looked: Looked | None, *, field: str | None, version: str | None) -> Measurement:
    """`health.outside`: the public URL, asked from here. `looked` None: the host has no url."""
    if looked is None:
        reason = "the inventory names no public URL for this host (hosts[].url)"
        return Measurement(name="health.outside", verdict=SKIPPED, reason=reason, source="inventory.yml: hosts[].url")
    reason = shown(looked.reason)
    if looked.verdict == "pass":
        reason = _good(looked.status or 200, looked.elapsed_ms, field, version)
    elif looked.verdict == "error":
        reason = f"could not look from here: {reason}"
    return Measurement(
        name="health.outside",
        verdict=looked.verdict,
        value=looked.status if looked.status is not None else "no answer",
        unit="HTTP",
        limit="2xx",
        reason=reason,
        source=f"from here: curl -sSL -m 5 -i {shlex.quote(shown_url(looked.url))}",
        samples=1,
    )


def _good(code: int, elapsed_ms: int | None, field: str | None, version: str | None) -> str:
    compared = f"version {version}" if field and version else "the version was not compared"
    if field and not version:
        compared += ": which one runs is unknown"
    return f"HTTP {code} in {elapsed_ms} ms, {compared}"


def _field(body: str, field: str) -> str | None:
    try:
        value = json.loads(body).get(field)
    except (ValueError, AttributeError, RecursionError):
        return None
    return shown(value, most=100) if isinstance(value, str) else None
