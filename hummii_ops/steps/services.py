"""Steps on services: run as the files in place say, with exactly that image; stopped; proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hummii_ops.steps.step import Effect, Step

LIMIT_S = 180
# Docker doubles the pause between two starts of a container up to a minute.
PATIENCE_S = 75
MOMENT_S = "2"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A service and what it must run.

    `hashes` are the config-hash labels that mean "made from these files"; () is not known beforehand, and then
    Compose is asked to bring it about. `any_config`: only the image can be asked for. `replicas`: exactly so many;
    None: as many as the file in place says.
    """

    service: str
    image_id: str
    hashes: tuple[str, ...] = ()
    any_config: bool = False
    replicas: int | None = None

    @property
    def named(self) -> str:
        """SERVICE, or SERVICE=REPLICAS."""
        return self.service if self.replicas is None else f"{self.service}={self.replicas}"

    @property
    def words(self) -> tuple[str, str, str]:
        return (self.named, self.image_id, "any" if self.any_config else ",".join(self.hashes) or "-")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Compose project on the host: exact name, absolute folder, absolute compose file."""

    name: str
    dir: str
    file: str

    def path(self, name: str) -> str:
        """Where a file of the stack lies."""
        return f"{self.dir}/{name}"


def _words(wanted: Sequence[Wanted]) -> tuple[str, ...]:
    return tuple(word for one in wanted for word in one.words)


def run(step_id: str, title: str, project: Project, wanted: Sequence[Wanted]) -> Step:
    """These services were started from these images and the files in place; that they stay up is for later steps."""
    services = tuple(one.named for one in wanted)
    return Step(
        id=step_id,
        title=title,
        effect=Effect.CHANGES,
        limit_s=LIMIT_S,
        holds=("services_are", "up", project.name, *_words(wanted)),
        act=("compose_up", project.name, project.dir, project.file, *services),
    )


def run_again(step_id: str, title: str, project: Project, wanted: Sequence[Wanted]) -> Step:
    """The same where the code stays and some were stopped alone: what is as wanted is started as it was made."""
    return Step(
        id=step_id,
        title=title,
        effect=Effect.CHANGES,
        limit_s=LIMIT_S,
        holds=("services_are", "up", project.name, *_words(wanted)),
        act=("start_or_up", project.name, project.dir, project.file, *_words(wanted)),
    )


def exist(step_id: str, title: str, project: Project, wanted: Sequence[Wanted]) -> Step:
    """Services that were ill before are there as these files have them; whether they run is not ours to prove."""
    services = tuple(one.named for one in wanted)
    return Step(
        id=step_id,
        title=title,
        effect=Effect.CHANGES,
        limit_s=LIMIT_S,
        holds=("services_are", "there", project.name, *_words(wanted)),
        act=("compose_up", project.name, project.dir, project.file, *services),
    )


def stopped(step_id: str, title: str, project: Project, services: Sequence[str]) -> Step:
    """These services do not run; their containers stay."""
    return Step(
        id=step_id,
        title=title,
        effect=Effect.CHANGES,
        limit_s=LIMIT_S,
        holds=("services_stopped", project.name, *services),
        act=("stop_services", project.name, *services),
    )


def proven(project: Project, wanted: Sequence[Wanted]) -> Step:
    """At the end all of these run, with their image ids and configurations; what went down meanwhile is started."""
    services = tuple(one.named for one in wanted)
    return Step(
        id="proven",
        title="every service runs the release's image and configuration",
        effect=Effect.CHANGES,
        limit_s=LIMIT_S,
        holds=("services_are", "running", project.name, *_words(wanted)),
        act=("compose_up", project.name, project.dir, project.file, *services),
    )


def proven_back(project: Project, wanted: Sequence[Wanted]) -> Step:
    """What ran before runs again; a service that started while its neighbours were away may need a moment."""
    return Step(
        id="proven-back",
        title="what ran before runs again, by image id",
        effect=Effect.READS,
        limit_s=PATIENCE_S + 15,
        holds=("services_are", "running", project.name, *_words(wanted)),
        act=("await_running", str(PATIENCE_S), project.name, *_words(wanted)),
    )


def stays_back(project: Project, wanted: Sequence[Wanted]) -> Step:
    """It still runs a moment later: an engine that has just come up may stop what it found alive; that is started."""
    return Step(
        id="stays-back",
        title="it stays up; what went down again is started",
        effect=Effect.CHANGES,
        limit_s=LIMIT_S,
        holds=("services_stay", MOMENT_S, project.name, *_words(wanted)),
        act=(
            "start_and_stay",
            str(PATIENCE_S),
            MOMENT_S,
            project.name,
            *_words(wanted),
        ),
    )
