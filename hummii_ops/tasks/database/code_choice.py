"""Where the code goes when the database goes back: to a release, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.reading.read import read_target
from hummii_ops.facts.release import Release
from hummii_ops.facts.restore_points.choose import Choice, choose_latest, choose_to, find
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans.work import Options
from hummii_ops.tasks.call.session import Site


@dataclass(frozen=True, kw_only=True)
class Code:
    """Where the code goes: the choice and the closer look at it; none: it stays as it is."""

    choice: Choice | None = None
    facts: TargetFacts | None = None

    @property
    def pair(self) -> tuple[Release, TargetFacts] | None:
        return (self.choice.release, self.facts) if self.choice and self.facts else None

    @property
    def id(self) -> str:
        return self.choice.release.id if self.choice else ""

    def told(self, options: Options) -> Options:
        """With what must be said of the choice."""
        if self.choice is None:
            return options
        passed = tuple(
            f"passed over {one.id} ({one.version or 'no version'}): {why}" for one, why in self.choice.passed_over
        )
        return replace(options, never_proven=self.choice.never_proven, passed_over=passed)


def code_of(site: Site, snapshot: Snapshot, to: str | None, *, latest: bool = False) -> Code:
    """The release that the code moves to; it stays also where it is that release already."""
    if to is None and not latest:
        return Code()
    found = releases(snapshot, site.environment)
    if not latest and find(found, to or "", snapshot).running:
        return Code()
    choice = (
        choose_latest(found, snapshot)
        if latest
        else Choice(release=choose_to(found, to or "", snapshot), never_proven=False, passed_over=())
    )
    return Code(choice=choice, facts=read_target(site.transport, site.environment, choice.release))
