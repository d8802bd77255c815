"""What we ourselves wrote on a host: lease, hold, marks and runs, as they were read.

Never decides whether a run may go on: that is the host's runner and the laptop's `run`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

UNFINISHED = frozenset({"forward", "back", "mixed"})
FINISHED = frozenset({"done", "restored", "prepared", "refused", "abandoned"})


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Which run has claimed the stack, for whom and why."""

    run: str
    who: str
    task: str
    reason: str
    since: datetime | None
    hosts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Hold:
    """The mark that tells deploys not to deploy; `until` None means until it is lifted."""

    run: str
    who: str
    reason: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What is known of a release: proven good, or left as bad."""

    identity: str
    mark: Literal["good", "bad"]
    who: str
    reason: str
    since: datetime | None
    run: str


@dataclass(frozen=True, kw_only=True)
class RunFact:
    """One run's folder, in short. `state` None: claimed or shipped, never started."""

    run_id: str
    task: str
    who: str
    reason: str
    since: datetime | None
    from_release: str
    to_release: str
    from_identity: str
    to_identity: str
    state: str | None
    state_at: datetime | None
    outside: str | None
    commit: str = ""

    @property
    def is_unfinished(self) -> bool:
        """Has it begun and not ended? Such a run comes first in every view."""
        return self.state in UNFINISHED

    @property
    def has_started(self) -> bool:
        """Did it get past `ready`? A run that never did has changed nothing and is never the last run."""
        return self.state not in {None, "", "ready"}

    @property
    def has_target(self) -> bool:
        """Was there something to go to? A backup of the database has none: there is nothing to take back."""
        return bool(self.to_release)
