"""A row of the table, asked: its evidence in numbers, and what it says if it matches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Helps = Literal["yes", "no", "unknown"]
ROLL_BACK = "fab rollback --latest"
LOOK = "fab rollback --latest --dry-run"
AGAIN = "fab diagnose"
DECIDE = "fab critical-bug"
QUESTIONS = {
    1: "too little to judge by?",
    2: "is the api down since the release?",
    3: "the time of day, or more load?",
    4: "is the host the cause?",
    5: "is the database the cause?",
    6: "do the release's queries do it?",
    7: "is it something that we depend on?",
    8: "can the older code serve the schema?",
    9: "worse since the release?",
    10: "worse, but within its limits?",
    11: "did something else change?",
    12: "only significant, or only large?",
    13: "was it ill before the release too?",
}


@dataclass(frozen=True, kw_only=True)
class Says:
    """`code` never changes; `verdict` is its short form for people; `next_command` the one thing to do."""

    helps: Helps
    code: str
    verdict: str
    because: str
    next_command: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """`says` None: it does not match."""

    number: int
    evidence: str
    says: Says | None = None

    @property
    def question(self) -> str:
        return QUESTIONS[self.number]

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.number,
            "question": self.question,
            "evidence": self.evidence,
            "matched": self.says is not None,
            "helps": self.says.helps if self.says else None,
            "code": self.says.code if self.says else None,
        }


def asked(number: int, *evidence: str, says: Says, matches: object) -> Row:
    """The row with its evidence, and with what it says if it matches; empty evidence is left out."""
    return Row(number=number, evidence="; ".join(one for one in evidence if one), says=says if matches else None)
