"""How long going back takes here, and how long it is out of service: the median of the rollbacks that were made.

Never invents a number: where no rollback was made, none is told.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hummii_ops.errors import HummiiError
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.readiness.line import Line, green, grey
from hummii_ops.run import kept, mirror
from hummii_ops.run.entry import Entry
from hummii_ops.run.kept import KeptHost
from hummii_ops.transport import LinkLost

_MOST = 3  # each that is not kept here is fetched whole
_LIMIT_S = 60


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Seconds; None: not known. `runs`: how many it is the median of."""

    elapsed_s: float | None = None
    outage_s: float | None = None
    runs: int = 0

    @property
    def words(self) -> str:
        """For the line of a release."""
        if self.elapsed_s is None:
            return "how long it takes is not known yet"
        outage = "outage not measured" if self.outage_s is None else f"outage {self.outage_s:.1f} s"
        return f"takes about {self.elapsed_s:.0f} s, {outage}"

    def line(self) -> Line:
        """A line of its own: nothing to do, nothing to fail."""
        source = "fab runs"
        if self.elapsed_s is None:
            return grey("projection", "no rollback was made here yet: nobody knows how long one takes", source=source)
        reason = f"a rollback {self.words}: the median of {self.runs}"
        return green("projection", reason, source=source, value=round(self.elapsed_s, 1), unit="s", samples=self.runs)


def of(runs: Sequence[KeptHost]) -> Projection:
    """From the runs that came to their end."""
    done = [one.outcome for one in runs if one.outcome.state == "done" and one.outcome.began_at]
    spans = [(one.ended_at - one.began_at).total_seconds() for one in done if one.began_at and one.ended_at]
    outages = [one.outage_s for one in done if one.outage_s is not None]
    if not spans:
        return Projection()
    return Projection(elapsed_s=median(spans), outage_s=median(outages) if outages else None, runs=len(spans))


def past_runs(snapshot: Snapshot, entry: Entry, runs_dir: Path) -> Iterator[KeptHost]:
    """The host's newest finished rollbacks: as they are kept here, else from the host. Keeps nothing."""
    made = [one.run_id for one in snapshot.runs if one.task == "rollback" and one.state == "done"]
    for run_id in made[:_MOST]:
        with suppress(HummiiError, LinkLost, OSError):
            yield from _kept(runs_dir / run_id, snapshot.host_name) or _fetched(run_id, snapshot.host_name, entry)


def _kept(folder: Path, host: str) -> list[KeptHost]:
    if not (folder / host / "journal.jsonl").is_file():
        return []
    return [one for one in kept.read(folder).hosts if one.name == host and one.ended]


def _fetched(run_id: str, host: str, entry: Entry) -> list[KeptHost]:
    with tempfile.TemporaryDirectory(prefix="hummii-ready-") as name:
        folder = Path(name) / run_id
        mirror.save(entry.call("collect", run_id, limit_s=_LIMIT_S).stdout, folder / host)
        return list(kept.read(folder).hosts)
