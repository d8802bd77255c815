"""Would a rollback help? The first row of the table that matches says; all of them show their evidence. Pure.

Never advises without one: exactly one Advice for whatever is known, and what was not looked at is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hummii_ops.checks.statistics import Comparison, sentence
from hummii_ops.checks.would_help import causes
from hummii_ops.checks.would_help.evidence import Evidence, Room
from hummii_ops.checks.would_help.metrics import compared_after
from hummii_ops.checks.would_help.release_rows import row_8, row_9, row_10, row_11, row_12, row_13
from hummii_ops.checks.would_help.row import AGAIN, DECIDE, LOOK, Helps, Row, Says
from hummii_ops.checks.would_help.rows import row_1, row_2, row_3, row_4, row_5, row_6, row_7

# A dead api needs no samples: row 2 is asked before row 1.
ORDER = (row_2, row_1, row_3, row_4, row_5, row_6, row_7, row_8, row_9, row_10, row_11, row_12, row_13)


@dataclass(frozen=True, kw_only=True)
class Advice:
    """`row`: the number of the one that decided, None: none did. `also`: later rows that match too."""

    helps: Helps
    code: str
    verdict: str
    because: str
    next_command: str
    row: int | None
    rows: tuple[Row, ...]
    not_looked_at: tuple[Room, ...]

    @property
    def also(self) -> tuple[Row, ...]:
        return tuple(one for one in self.rows if one.says and one.number != self.row)

    def as_json(self) -> dict[str, Any]:
        return {
            "helps": self.helps,
            "code": self.code,
            "verdict": self.verdict,
            "because": self.because,
            "next_command": self.next_command,
            "row": self.row,
            "rows": [one.as_json() for one in self.rows],
            "not_looked_at": list(self.not_looked_at),
        }


def advise(seen: Evidence) -> Advice:
    """Ask every row, in their order."""
    rows = tuple(row(seen) for row in ORDER)
    first = next((one for one in rows if one.says), None)
    says = first.says if first and first.says else _none_matched(seen)
    return Advice(
        helps=says.helps,
        code=says.code,
        verdict=says.verdict,
        because=says.because,
        next_command=says.next_command,
        row=first.number if first else None,
        rows=rows,
        not_looked_at=seen.not_looked_at,
    )


def _none_matched(seen: Evidence) -> Says:
    """Nothing is wrong that a metric can show; or something is, and no row explains it."""
    wrong = causes.illness(seen)
    over = [one for one in seen.gates if one.degraded or one.breached]
    if not wrong and not over:
        return Says(
            helps="no",
            code="not-degraded",
            verdict="not worse",
            because="nothing that was measured is worse than before, or over its limit",
            next_command=AGAIN,
        )
    unseen = f"; not looked at: {', '.join(seen.not_looked_at)}" if seen.not_looked_at else ""
    what = wrong or "; ".join([*seen.failing, *(one.words() for one in over if one.has_data or not seen.failing)])
    return Says(
        helps="unknown",
        code="not-explained",
        verdict="inconclusive",
        because=f"{what}; what is known does not say whether the release is the cause{unseen}",
        next_command=DECIDE if seen.failing else LOOK,
    )


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What a rollback changed. `unknown`: too little to compare."""

    verdict: Literal["improved", "unchanged", "worse", "unknown"]
    words: str
    comparisons: Mapping[str, Comparison]


def changed(before: Evidence, after: Evidence) -> Changed:
    """The time with the release against the time after its rollback. Unchanged is said aloud."""
    found = compared_after(before.metrics or (), after.metrics or ())
    said = {one.verdict for one in found.values()}
    was, is_ = causes.illness(before), causes.illness(after)
    looked = after.services is not None or after.health is not None
    lines = "; ".join(f"{name} {sentence(one)}" for name, one in found.items())
    if looked and is_ and not was:
        return Changed(verdict="worse", words=f"worse than before the rollback: {is_}", comparisons=found)
    if looked and was and not is_:
        words = f"the rollback helped: it serves again (before: {was})"
        return Changed(verdict="improved", words=words, comparisons=found)
    if "worse" in said:
        return Changed(verdict="worse", words=f"worse than before the rollback: {lines}", comparisons=found)
    if "better" in said and not is_:
        return Changed(verdict="improved", words=f"the rollback helped: {lines}", comparisons=found)
    if is_ or "same" in said:
        words = f"the rollback did not fix it; the cause is probably elsewhere: {is_ or lines}"
        return Changed(verdict="unchanged", words=words, comparisons=found)
    words = f"too little to say what the rollback changed{f': {lines}' if lines else ''}"
    return Changed(verdict="unknown", words=words, comparisons=found)
