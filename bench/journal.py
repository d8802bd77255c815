"""The journal of a run, as the laptop's copy has it: when a step ended, and how long each one took."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ENDS = ("done", "skipped")
Line = Mapping[str, Any]


def read(report: Mapping[str, Any], run_id: str = "") -> list[Line]:
    """The lines of the run that `report` is of, or of another run that the same laptop has."""
    folder = Path(report["report"])
    folder = folder.with_name(run_id) if run_id else folder
    journal = folder / report["hosts"][0]["name"] / "journal.jsonl"
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]


def first(lines: Sequence[Line], step: str, events: Sequence[str] = ENDS) -> float:
    """When that first happened, in seconds since the epoch."""
    return float(next(line["t"] for line in lines if line["ev"] in events and (line["step"] or "") == step)) / 1000


def span(lines: Sequence[Line], step: str) -> tuple[float, float]:
    """From when to when it was made, in seconds since the epoch."""
    return first(lines, step, ("start",)), first(lines, step)


def spent(lines: Sequence[Line]) -> dict[str, float]:
    """The seconds of each step that ended."""
    before, each = first(lines, "", ("begin",)), {}
    for line in lines:
        if line["ev"] in ENDS and line["step"]:
            at = line["t"] / 1000
            each[str(line["step"])] = at - before
            before = at
    return each
