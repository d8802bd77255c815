"""How a release performed when it was last looked at: kept on the host with every snapshot, compared with afterwards.

Never judges alone: what was measured before a release differs in time and in load as well. So a comparison is shown,
and the limits decide. No baseline is skipped with its reason, and never taken for "as before".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from hummii_ops.checks.at_most import not_judged
from hummii_ops.checks.compared import work
from hummii_ops.checks.compared.work import Work
from hummii_ops.checks.database.database_load import Load, counted_since, statements, totals
from hummii_ops.checks.mask import shown
from hummii_ops.checks.requests.user_requests import Requests
from hummii_ops.checks.verdict import Measurement
from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import frames
from hummii_ops.transport import LinkLost, Transport

SCHEMA = "hummii-ops/baseline/v1"
_STATEMENTS = 50
_LEAST_MS = 20.0  # a smaller difference is nobody's trouble, whatever its ratio
# The newest that is of another release: what ran before.
NEWEST = """
cd "$1/baselines" 2> /dev/null && for name in $(ls -t | grep -xE '[0-9a-f]+' | grep -vx "$2" | head -n 1); do
  printf '\\n@hummii baseline 0 ' && base64 -w 0 < "$name"
done
printf '\\n@hummii end 0 \\n'
"""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What was measured at one moment. Times in ms, in the order of their time; statements: mean ms and calls by id.

    `totals`: calls and ms of every statement since `counted_since`, the last reset of the server's counters.
    """

    responses: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    requests: tuple[float, ...] = ()
    counted: int = 0
    failed: int = 0
    window_s: float = 0
    statements: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    totals: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    counted_since: str = ""
    work: Work | None = None
    dependencies: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Samples of a release, by name, and when. `at` is aware UTC."""

    identity: str
    version: str | None
    at: datetime
    samples: Samples

    def as_text(self) -> str:
        """One line of JSON, as it is kept on the host."""
        head = {"schema": SCHEMA, "identity": self.identity, "version": self.version, "at": self.at.isoformat()}
        return json.dumps(head | asdict(self.samples), ensure_ascii=False)


def samples(
    responses: Mapping[str, tuple[float, ...]], requests: Requests | None, window_s: float, load: Load | None
) -> Samples:
    """What is worth keeping of what was seen: a few hundred numbers."""
    called = (statements(load) or ()) if load else ()
    return Samples(
        responses=responses,
        requests=requests.samples if requests else (),
        counted=requests.n if requests else 0,
        failed=requests.failed if requests else 0,
        window_s=window_s,
        statements={one.query_id: (round(one.mean_ms, 3), one.calls) for one in called[:_STATEMENTS]},
        totals=totals(load.after) if load else {},
        counted_since=counted_since(load.after) if load else "",
    )


def parse(text: str) -> Baseline | None:
    """What was kept; None if it is of another form, as a later version's may be."""
    try:
        kept: dict[str, Any] = json.loads(text)
        if kept["schema"] != SCHEMA:
            return None
        return Baseline(
            identity=str(kept["identity"]),
            version=kept["version"],
            at=datetime.fromisoformat(kept["at"]).astimezone(UTC),
            samples=Samples(
                responses={path: tuple(map(float, values)) for path, values in kept["responses"].items()},
                requests=tuple(map(float, kept["requests"])),
                counted=int(kept["counted"]),
                failed=int(kept["failed"]),
                window_s=float(kept["window_s"]),
                statements={key: (float(mean), int(calls)) for key, (mean, calls) in kept["statements"].items()},
                # A baseline of before these were kept has none of them.
                totals={key: (int(calls), float(ms)) for key, (calls, ms) in kept.get("totals", {}).items()},
                counted_since=str(kept.get("counted_since", "")),
                work=work.parse(kept.get("work")),
                dependencies={name: float(ms) for name, ms in kept.get("dependencies", {}).items()},
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def read(transport: Transport, home: str, *, not_of: str) -> Baseline | None:
    """The newest of another release than `not_of`. None: there is none, or it could not be read."""
    try:
        said = frames(transport.call(NEWEST, home, not_of or "-", limit_s=20).stdout, host=transport.name)
    except (LinkLost, Unreachable):
        return None
    return parse(said.one("baseline").text)


def compared(before: Baseline | None, now: Samples) -> tuple[Measurement, ...]:
    """`before.<what>`: what runs now against what ran before; advisory, all of it."""
    if before is None:
        reason = "no baseline of another release is kept here: fab snapshot keeps one"
        return (not_judged("before", reason, source="ls .hummii-ops/baselines", critical=False),)
    # here, since a task that only rolls back needs none of it
    from hummii_ops.checks.statistics import Comparison, compare, compare_rates, corrected, sentence

    then, found = before.samples, dict[str, Comparison]()
    for path in sorted(set(then.responses) & set(now.responses)):
        found[f"before.response{path}"] = compare(then.responses[path], now.responses[path], least_difference=_LEAST_MS)
    if then.requests and now.requests:
        found["before.requests.time"] = compare(then.requests, now.requests, least_difference=_LEAST_MS)
    if then.counted and now.counted:
        found["before.requests.errors"] = compare_rates(then.failed, then.counted, now.failed, now.counted)
    about = f"{shown(before.version or 'another release')} of {before.at:%Y-%m-%d %H:%M} UTC{_load(then, now)}"
    return tuple(
        _measurement(name, one, f"{sentence(one, unit=_unit(name))}; against {about}", now)
        for name, one in corrected(found).items()
    )


def _measurement(name: str, one: Any, reason: str, now: Samples) -> Measurement:
    verdicts: dict[str, Any] = {"worse": "fail", "inconclusive": "inconclusive"}
    return Measurement(
        name=name,
        verdict=verdicts.get(one.verdict, "pass"),
        value=one.verdict,
        reason=reason,
        source="cat .hummii-ops/baselines/*",
        samples=one.n_after,
        window_s=now.window_s if "requests" in name else None,
        critical=False,
    )


def _unit(name: str) -> str:
    return "%" if name.endswith(".errors") else "ms"


def _load(then: Samples, now: Samples) -> str:
    """More requests are a reason of their own to be slower."""
    if not (then.counted and now.counted and then.window_s and now.window_s):
        return ""
    rates = then.counted / then.window_s, now.counted / now.window_s
    return f", {60 * rates[0]:.0f} requests a minute then and {60 * rates[1]:.0f} now"
