"""The report of the faults: each case, then by fault and by step, and the sum as the last line. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

Row = Mapping[str, object]
_COLUMNS = "{:<5} {:<13} {:<17} {:<26} {:<7} {:<7} {:<7}"


def lines(rows: list[Row], seed: int) -> Iterator[str]:
    """All of it, for a terminal."""
    heads = ("number", "task", "fault", "step", "point", "ended", "by")
    for row in sorted(rows, key=lambda row: int(str(row.get("number") or 0))):
        words = [str(row[key]) if row.get(key) else "-" for key in heads]
        yield _COLUMNS.format(*words) + f" {float(str(row['seconds'])):6.1f} s"
    for by in ("fault", "step"):
        yield ""
        yield f"{'by ' + by:<34} {'cases':>5} {'new':>5} {'old':>5} {'not survived':>13}"
        yield from _sums(rows, by)
    yield ""
    yield f"seed {seed}; one of them again: make faults CASES=NUMBER"
    on_the_lab = sum(1 for row in rows if row["on"] == "lab")
    yield f"{len(rows)} cases ({on_the_lab} on the lab), {sum(map(survived, rows))} survived"


def survived(row: Row) -> bool:
    """It ended in exactly one of two states."""
    return row["ended"] in ("new", "old")


def _sums(rows: Iterable[Row], by: str) -> Iterator[str]:
    groups: dict[str, list[object]] = defaultdict(list)
    for row in rows:
        groups[str(row[by])].append(row["ended"])
    for name, ends in sorted(groups.items()):
        new, old = ends.count("new"), ends.count("old")
        yield f"{name:<34} {len(ends):>5} {new:>5} {old:>5} {len(ends) - new - old:>13}"
