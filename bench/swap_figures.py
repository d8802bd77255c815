"""What a rollback of the database cost, by size; and its tables, each with what we aim at."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

SAFETY_DUMP = ("room-is-left", "dump-database", "decode-dump", "sum-dump", "describe-dump", "place-backup")


@dataclass(frozen=True, kw_only=True)
class Round:
    """One rollback and its undo. Seconds; `requests` and `failed` are those until the exchange began.

    `gap_s`: the longest time in which the database answered no read. `bares_s`: `pg_restore -j2` of the same backup,
    before and after; `own_start_s`: the api alone, from its start to its first answer.
    """

    requests: int
    failed: int
    wrong: int
    outage_s: float
    gap_s: float
    undo_outage_s: float
    undo_gap_s: float
    decode_s: float
    steps: Mapping[str, float]
    bares_s: Sequence[float]
    own_start_s: float

    @property
    def dump_s(self) -> float:
        """The safety dump."""
        return sum(self.steps.get(step, 0.0) for step in SAFETY_DUMP)

    @property
    def restore_s(self) -> float:
        return self.steps["restore-side"]

    @property
    def validate_s(self) -> float:
        return self.steps["validate-side"]

    @property
    def work_s(self) -> float:
        """What proves the backup: decoding; restoring, with the look that it is still the same; validating."""
        return self.decode_s + self.restore_s + self.validate_s

    @property
    def other_s(self) -> float:
        """The rest of the first run, without the safety dump: is there room, properties, the loss, the disk."""
        return sum(self.steps.values()) - self.dump_s - self.work_s + self.decode_s

    @property
    def bare_s(self) -> float:
        return fmean(self.bares_s)

    @property
    def times_bare(self) -> float:
        return self.work_s / self.bare_s


@dataclass(frozen=True, kw_only=True)
class InPlace:
    """The same backup by `pg_restore --clean -1` over the served database: its time, and how long nothing was read."""

    wall_s: float
    gap_s: float


@dataclass(frozen=True, kw_only=True)
class Sized:
    """All that was measured with a database of one size. `hostile_gaps_s`: one for each exchange under attack."""

    size_mib: int
    rounds: Sequence[Round]
    in_place: InPlace
    hostile_gaps_s: Sequence[float]
    hostile_wrong: int

    def mid(self, name: str) -> float:
        """The median of a figure over the rounds."""
        return float(median(getattr(one, name) for one in self.rounds))


def tables(found: Sequence[Sized]) -> str:
    """Markdown: what customers see, what the work costs, in place, and under attack."""
    return "\n".join((*_outages(found), "", *_work(found), "", *_in_place(found), "", *_hostile(found)))


def _table(columns: str, rows: Sequence[Sequence[object]]) -> list[str]:
    count = columns.count("|") + 1
    lines = (f"| {' | '.join(map(str, row))} |" for row in rows)
    return [f"| {columns} |", "|---" * count + "|", *lines]


def _outages(found: Sequence[Sized]) -> list[str]:
    columns = (
        "database | failed requests until the exchange (aim 0) | wrong answers (aim 0) | whole outage s (worst) "
        "| the api's own start s | outage beside it s (aim 3) | database's own gap ms (worst) "
        "| undo: outage beside the api's start s (aim 3) | undo: gap ms"
    )
    head = f"rounds: {len(found[0].rounds)}; load average at the end: {os.getloadavg()[0]:.1f}"
    rows = [head, "", *_table(columns, [_outage_row(one) for one in found])]
    if len(found) > 1:
        ratio = found[-1].mid("outage_s") / found[0].mid("outage_s")
        rows += ["", f"whole outage, the largest database against the smallest: {ratio:.2f} × (aim 1.5)"]
    return rows


def _outage_row(one: Sized) -> list[str]:
    start = one.mid("own_start_s")
    return [
        f"{one.size_mib} MiB",
        f"{sum(each.failed for each in one.rounds)} of {sum(each.requests for each in one.rounds)}",
        f"{sum(each.wrong for each in one.rounds)}",
        f"{one.mid('outage_s'):.2f} ({max(each.outage_s for each in one.rounds):.2f})",
        f"{start:.2f}",
        f"{one.mid('outage_s') - start:.2f}",
        f"{one.mid('gap_s') * 1000:.0f} ({max(each.gap_s for each in one.rounds) * 1000:.0f})",
        f"{one.mid('undo_outage_s') - start:.2f}",
        f"{one.mid('undo_gap_s') * 1000:.0f}",
    ]


def _work(found: Sequence[Sized]) -> list[str]:
    columns = (
        "database | decode s | restore s | validate s | work s | bare `pg_restore -j2` s "
        "| × bare (aim 1.5) | other steps s | safety dump s"
    )
    names = ("decode_s", "restore_s", "validate_s", "work_s", "bare_s", "times_bare", "other_s", "dump_s")
    return _table(columns, [[f"{one.size_mib} MiB", *(f"{one.mid(name):.2f}" for name in names)] for one in found])


def _in_place(found: Sequence[Sized]) -> list[str]:
    columns = "database | in place, `--clean -1`: no read for s | exchange: no read for s | × shorter (aim 100)"
    rows = [
        [f"{one.size_mib} MiB", f"{one.in_place.gap_s:.2f}", f"{ours:.3f}", f"{one.in_place.gap_s / ours:.0f}"]
        for one in found
        for ours in [one.mid("gap_s")]
    ]
    return _table(columns, rows)


def _hostile(found: Sequence[Sized]) -> list[str]:
    columns = (
        "database | exchanges under 8 hostile clients | gap ms (aim 100) | worst ms (aim 1000) | wrong answers (aim 0)"
    )
    rows = [
        [
            f"{one.size_mib} MiB",
            f"{len(one.hostile_gaps_s)}",
            f"{median(one.hostile_gaps_s) * 1000:.0f}",
            f"{max(one.hostile_gaps_s) * 1000:.0f}",
            f"{one.hostile_wrong}",
        ]
        for one in found
        if one.hostile_gaps_s
    ]
    return _table(columns, rows)
