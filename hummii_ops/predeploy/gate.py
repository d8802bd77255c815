"""A gate and its verdict; waivers, and what all gates together mean. Pure.

A waiver does not make a gate pass: it is shown with what was waived, by whom, why and until when.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from hummii_ops.checks.verdict import SKIPPED, Judged, Measurement, Verdict, worst
from hummii_ops.inventory.predeploy import GateName, Waiver

_FROM_WORST: tuple[Judged, ...] = ("fail", "error", "inconclusive", "pass")


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One gate. `details` are lines for people; `waived` says by what it does not count."""

    name: GateName
    verdict: Judged
    reason: str
    source: str
    details: tuple[str, ...] = ()
    waived: str | None = None

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"details": list(self.details)}


def waived(gates: Sequence[Gate], standing: Iterable[Waiver], given: Sequence[Waiver], *, today: date) -> list[Gate]:
    """The gates with their waivers; one that is over is said, and changes nothing."""
    found = []
    for gate in gates:
        mine = [one for one in (*given, *standing) if one.gate == gate.name]
        good = next((one for one in mine if one.until >= today), None)
        if gate.verdict in ("pass", SKIPPED) or not mine:
            found.append(gate)
        elif good is None:
            over = max(one.until for one in mine)
            found.append(replace(gate, details=(*gate.details, f"its waiver was good until {over}, and is over")))
        else:
            found.append(replace(gate, waived=f"{good.reason} (until {good.until})"))
    return found


def worst_of(verdicts: Iterable[Judged]) -> Judged:
    """The worst of several; of none it is inconclusive."""
    said = set(verdicts)
    return next((one for one in _FROM_WORST if one in said), "inconclusive")


def verdict_of(gates: Iterable[Gate]) -> Verdict:
    """The worst of what counts; where all is waived or skipped, nothing stands in the way."""
    counts = [gate for gate in gates if gate.waived is None and gate.verdict != SKIPPED]
    looks = (Measurement(name=one.name, verdict=one.verdict, reason="", source="") for one in counts)
    return worst(looks) if counts else "pass"
