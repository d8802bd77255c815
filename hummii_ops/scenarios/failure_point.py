"""Where a deployment failed: image, config, start, migration, health, dependency or resources. Pure.

Never guesses: what no line and no state shows is not named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from hummii_ops.checks.logs.deploy_output import DeployOutput
from hummii_ops.checks.logs.last_words import LastWords
from hummii_ops.checks.stack.services import CRASH_WINDOW
from hummii_ops.facts.snapshot import ContainerFact, Snapshot
from hummii_ops.transport import printable

Kind = Literal["image", "config", "start", "migration", "health", "dependency", "resources"]
_MOST = 3
# In this order: a migration that fails for want of room is named by the room.
_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("resources", re.compile(r"(?i)no space left|ENOSPC|out of memory|cannot allocate memory|ENOMEM|EMFILE")),
    ("migration", re.compile(r"(?i)migrat\w*.*(fail|error)|(fail|error).*migrat|\bP30\d\d\b|schema_migrations")),
    (
        "dependency",
        re.compile(
            r"(?i)ECONNREFUSED|ENOTFOUND|EAI_AGAIN|connection refused|could not (connect|translate)"
            r"|host not found in upstream|getaddrinfo|no route to host"
        ),
    ),
    (
        "config",
        re.compile(
            r"(?i)invalid (config|value|option)|unknown directive|(missing|required|undefined).*(env|variable)"
            r"|(env|variable).*(missing|required|not set|undefined)"
        ),
    ),
)


_NO_IMAGE: tuple[Kind, re.Pattern[str]] = (
    "image",
    re.compile(r"(?i)no such image|there is no image|pull access denied|manifest unknown|failed to (pull|resolve)"),
)
_ONE_DEPLOY = timedelta(minutes=10)  # between its last word and its last container


@dataclass(frozen=True, kw_only=True)
class FailurePoint:
    """`lines` show it; `service` "" where it is not one service's."""

    kind: Kind
    service: str
    what: str
    lines: tuple[str, ...] = ()

    def words(self) -> Iterator[str]:
        """For the page."""
        yield printable(f"{self.kind}: {self.what}")
        yield from (printable(f"  {self.service}: {line}") for line in self.lines)


def ill(snapshot: Snapshot) -> tuple[ContainerFact, ...]:
    """Containers that are not as a good deployment leaves them; a one-shot service that ended well is."""
    return tuple(one for one in snapshot.containers if not one.one_off and _is_ill(one, snapshot))


def _is_ill(one: ContainerFact, snapshot: Snapshot) -> bool:
    if one.ended_well:
        return False
    # A crash of weeks ago is no failed deployment: what started again lately has not shown yet that it stays up.
    lately = one.started_at is not None and snapshot.read_at - one.started_at < CRASH_WINDOW
    loops = one.restart_count > 0 and lately
    return one.status != "running" or one.health == "unhealthy" or loops or (one.oom_killed and lately)


def failure_points(snapshot: Snapshot, said: Sequence[LastWords]) -> tuple[FailurePoint, ...]:
    """The first is the most likely cause: what stops a stack before it starts comes before what fails later."""
    words = {one.service: one for one in said}
    return (*_config(snapshot), *_absent(snapshot), *_of_containers(snapshot, words))


def is_of_what_runs(snapshot: Snapshot, output: DeployOutput) -> bool:
    """A deploy by hand leaves no output: then what is there speaks of an older one."""
    newest = max((one.created_at for one in snapshot.containers), default=output.at)
    return newest - output.at < _ONE_DEPLOY


def of_deploy(output: DeployOutput) -> FailurePoint | None:
    """What the deploy itself said; a script that ended well may have failed all the same, if a line says so."""
    state = "the deploy said so" if output.exit_code is None else f"the deploy ended with {output.exit_code}"
    for kind, pattern in (_NO_IMAGE, *_WORDS):
        shows = [line for line in output.lines if pattern.search(line)]
        if shows:
            return FailurePoint(kind=kind, service="deploy", what=state, lines=tuple(shows[-_MOST:]))
    if not output.exit_code:
        return None
    return FailurePoint(kind="start", service="deploy", what=state, lines=output.lines[-_MOST:])


def _config(snapshot: Snapshot) -> Iterator[FailurePoint]:
    if snapshot.compose.config_hashes is None:
        why = snapshot.compose.config_error or "it is not there"
        yield FailurePoint(kind="config", service="", what=f"{snapshot.compose.path} cannot be used: {why}")


def _absent(snapshot: Snapshot) -> Iterator[FailurePoint]:
    """A service of the file without a container: Compose never came so far, most often for want of its image."""
    wanted = snapshot.compose.config_hashes or {}
    there = {one.service for one in snapshot.containers}
    for service in sorted(set(wanted) - there):
        yield FailurePoint(kind="image", service=service, what=f"{service} has no container: was its image pulled?")


def _of_containers(snapshot: Snapshot, words: Mapping[str, LastWords]) -> Iterator[FailurePoint]:
    found = [_of(one, words.get(one.service)) for one in ill(snapshot)]
    order = [kind for kind, _ in _WORDS] + ["start", "health", "image"]
    yield from sorted(found, key=lambda one: order.index(one.kind))


def _of(one: ContainerFact, said: LastWords | None) -> FailurePoint:
    if one.oom_killed:
        return FailurePoint(kind="resources", service=one.service, what=f"{one.service} was killed for memory")
    lines = (*(said.lines if said else ()), *((said.health,) if said and said.health else ()))
    state = f"{one.service} is {one.status}" + (f", {one.health}" if one.health else "")
    state += f", exit code {one.exit_code}" if one.status in ("exited", "restarting", "dead") else ""
    state += f", {one.restart_count} restarts" if one.restart_count else ""
    for kind, pattern in _WORDS:
        shows = [line for line in lines if pattern.search(line)]
        if shows:
            return FailurePoint(kind=kind, service=one.service, what=state, lines=tuple(shows[-_MOST:]))
    if one.status == "running" and one.health == "unhealthy":
        health = (said.health,) if said and said.health else ()
        return FailurePoint(kind="health", service=one.service, what=state, lines=health)
    return FailurePoint(kind="start", service=one.service, what=state, lines=tuple(lines[-_MOST:]))
