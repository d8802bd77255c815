"""Evidence: all that is known when someone asks whether a rollback would help. Filled by others; judges nothing.

Never holds a guess: None is "not looked at", everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from hummii_ops.checks.would_help.metrics import Failures, Gates, Series, judged

Room = Literal["metrics", "load", "host", "database", "dependencies", "migrations", "onset", "other changes"]


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """A service of the stack. `restarts` and `oom_killed` since its containers were made.

    `looping`: it starts again and again. `changed`: does the release before run it from another image or
    configuration? None: that cannot be told.
    """

    name: str
    replicas: int
    up: int
    unhealthy: int = 0
    starting: int = 0
    restarts: int = 0
    oom_killed: bool = False
    looping: bool = False
    changed: bool | None = None

    def ill(self) -> str | None:
        """What is wrong with it, in words; None while nothing is, or while it still starts."""
        if self.replicas == 0:
            return f"{self.name} has no container"
        if self.oom_killed:
            return f"{self.name} was killed for memory"
        if self.looping:
            return f"{self.name} starts again and again ({self.restarts} restarts)"
        if self.up == 0:
            return f"{self.name} is not up"
        if self.unhealthy:
            return f"{self.unhealthy} of {self.replicas} {self.name} unhealthy"
        return f"{self.up} of {self.replicas} {self.name} up" if self.up < self.replicas else None


@dataclass(frozen=True, kw_only=True)
class HealthSeen:
    """One look at the health URL, on the host itself."""

    ok: bool
    said: str


@dataclass(frozen=True, kw_only=True)
class Previous:
    """What a rollback would bring back. `healthy` None: it was never proven. `why_none`: there is nothing.

    `directly`: it is what ran until the release began. `proof`: what shows that it was healthy, beside a mark.
    """

    version: str | None = None
    identity: str | None = None
    healthy: bool | None = None
    directly: bool = False
    proof: str = ""
    why_none: str | None = None

    def words(self) -> str:
        if self.why_none is not None:
            return self.why_none
        proven = {True: self.proof or "is proven good", False: "is marked bad", None: "is never proven"}[self.healthy]
        return f"the release before, {self.version or 'of unknown version'}, {proven}"


@dataclass(frozen=True, kw_only=True)
class Load:
    """Requests by second, and what one costs (`cost_unit`, such as ms of CPU)."""

    rate_before: float
    rate_now: float
    cost_before: float | None = None
    cost_now: float | None = None
    cost_unit: str = "ms of CPU"


@dataclass(frozen=True, kw_only=True)
class HostLoad:
    """All in percent; pressure (PSI) is avg10. CPU is of all cores; `outside_cpu` what is not of this stack uses.

    `broken`: something of the host itself that does not work, such as docker, in words.
    """

    broken: str | None = None
    cpu_some: float | None = None
    cpu_full: float | None = None
    memory_full: float | None = None
    io_full: float | None = None
    steal: float | None = None
    disk_used: float | None = None
    inodes_used: float | None = None
    memory_used: float | None = None
    load_per_core: float | None = None
    outside_cpu: float | None = None
    api_cpu_before: float | None = None
    api_cpu_now: float | None = None


@dataclass(frozen=True, kw_only=True)
class DatabaseLoad:
    """`new_share`: part (0 … 1) of the statements' time that those take which were not there before the release.

    `new_statement_ms`: the mean of the costliest of these. `blocker_is_ours`: is who holds the lock a session of the
    stack? `blocker` says who, in words.
    """

    blocked: int | None = None
    longest_wait_s: float | None = None
    blocker: str = ""
    blocker_is_ours: bool | None = None
    idle_in_transaction_s: float | None = None
    connections: int | None = None
    max_connections: int | None = None
    time_per_request_before_ms: float | None = None
    time_per_request_now_ms: float | None = None
    slowest_statement_ms: float | None = None
    new_share: float | None = None
    new_statement: str = ""
    new_statement_ms: float | None = None
    scans_per_request_before: float | None = None
    scans_per_request_now: float | None = None
    calls_per_request_before: float | None = None
    calls_per_request_now: float | None = None


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """What is asked of others, from the host itself. `own_…`: our time without theirs."""

    name: str
    answers: bool
    before_ms: float | None = None
    now_ms: float | None = None
    own_before_ms: float | None = None
    own_now_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class OtherChange:
    """Something else that someone did, as it was recorded."""

    at: datetime
    what: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """`began_at` and `ended_at` of the release that runs. `onset_at`: when it became worse; `fails_since_release`:
    requests that were counted just before it and just after it show that they fail since then.

    `failing`: critical user flows that just failed, or were too slow, in words. `unavailable`: sources that did not
    answer, in words. `absent`: rooms that this stack does not have, so that nothing is missing there. `migrations`: may
    the older code serve the schema?
    """

    now: datetime | None = None
    version: str | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    api: str = "api"
    database_service: str | None = None
    services: tuple[ServiceState, ...] | None = None
    health: HealthSeen | None = None
    previous: Previous | None = None
    metrics: tuple[Series | Failures, ...] | None = None
    failing: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()
    load: Load | None = None
    host: HostLoad | None = None
    database: DatabaseLoad | None = None
    dependencies: tuple[Dependency, ...] | None = None
    migrations: Literal["safe", "unsafe", "unknown"] | None = None
    migrations_said: str = ""
    onset_at: datetime | None = None
    fails_since_release: bool = False
    other_changes: tuple[OtherChange, ...] | None = None
    absent: frozenset[Room] = frozenset()

    @cached_property
    def gates(self) -> tuple[Gates, ...]:
        """Every metric, judged once."""
        return judged(self.metrics or ())

    @property
    def not_looked_at(self) -> tuple[Room, ...]:
        """What is neither known nor absent."""
        known: dict[Room, object] = {
            "metrics": self.metrics,
            "load": self.load,
            "host": self.host,
            "database": self.database,
            "dependencies": self.dependencies,
            "migrations": self.migrations,
            "onset": self.onset_at,
            "other changes": self.other_changes,
        }
        return tuple(room for room, what in known.items() if what is None and room not in self.absent)
