"""Watching a deploy: when is a release's illness confirmed, and may it be rolled back without a person? Pure.

One ill look is a blip. Nothing counts while somebody changes the stack, nor in the settle window after it. A release is
never rolled back twice by itself: the host's own runs tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hummii_ops.checks.would_help import Helps
from hummii_ops.facts.restore_points.choose import rolled_back_by
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.scenarios.watch import Look
from hummii_ops.transport.text import printable

Seen = Literal["settling", "well", "ill", "unknown", "unseen", "breach"]
Policy = Literal["auto", "ask", "never"]
POLICIES: tuple[Policy, ...] = ("auto", "ask", "never")


@dataclass(kw_only=True)
class DeployWatch:
    """Folds looks. `running`: what runs on all hosts, as of the last look; `since`: when that was seen first."""

    confirm: int
    settle_s: float
    running: str | None = None
    since: datetime | None = None
    in_a_row: int = 0

    def see(self, one: Look, running: str, *, at_work: bool) -> Seen:
        """What this look comes to. A look that could not be made, or did not decide, neither counts nor absolves."""
        if one.why is not None:
            return "unseen"
        if at_work or running != self.running or self.since is None:
            self.running, self.since, self.in_a_row = running, one.at, 0
        if at_work or (one.at - self.since).total_seconds() < self.settle_s:
            return "settling"
        if not one.ill:
            self.in_a_row = self.in_a_row if one.unknown else 0
            return "unknown" if one.unknown else "well"
        self.in_a_row += 1
        return "breach" if self.in_a_row >= self.confirm else "ill"


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What the table of `fab diagnose` says of one host. `schema_fits`: the older code can serve the database."""

    host: str
    helps: Helps
    because: str
    next_command: str
    schema_fits: bool


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`do`: roll it back, ask a person at the terminal first, or call for one. `next_command` is for the person."""

    do: Literal["roll-back", "ask", "person"]
    why: str
    next_command: str


def running_on(snapshots: Sequence[Snapshot], version_service: str) -> str:
    """What runs on all hosts, as one word: another one after each deploy, also of the same images."""
    return " ".join(sorted(one.id for each in snapshots for one in each.service(version_service)))


def at_work(snapshots: Sequence[Snapshot]) -> bool:
    """Is somebody changing the stack on one of them?"""
    return any(one.busy or one.at_work or one.unfinished_run for one in snapshots)


def acted_before(snapshot: Snapshot) -> str | None:
    """The run that left the release which runs, or that put it there; None if none did: kept by the host itself."""
    put = rolled_back_by(snapshot)
    if put is not None:
        return put.run_id
    running = running_identity(snapshot)
    left = (run for run in snapshot.runs if run.has_started and run.task in ("rollback", "rollback-db"))
    return next((run.run_id for run in left if running and run.from_identity == running), None)


def decide(policy: Policy, opinions: Sequence[Opinion], snapshots: Sequence[Snapshot]) -> Decision:
    """What to do about a confirmed illness."""
    said = "; ".join(dict.fromkeys(printable(f"{one.host}: {one.because}") for one in opinions))
    then = next((one.next_command for one in opinions if one.helps == "yes"), "fab diagnose")
    before = next((run for run in map(acted_before, snapshots) if run), None)
    if before is not None:
        return Decision(
            do="person",
            why=f"{before} has rolled back before: never twice by itself ({said})",
            next_command="fab runs; fab releases; fab rollback --to=…",
        )
    if not any(one.helps == "yes" for one in opinions):
        return Decision(do="person", why=f"it is not shown that a rollback would help ({said})", next_command=then)
    if not all(one.schema_fits for one in opinions):
        why = f"the older code is not known to fit the database ({said})"
        return Decision(do="person", why=why, next_command="fab rollback --latest --dry-run")
    if policy == "never":
        return Decision(do="person", why=f"a rollback would help ({said})", next_command=then)
    return Decision(do="roll-back" if policy == "auto" else "ask", why=said, next_command=then)
