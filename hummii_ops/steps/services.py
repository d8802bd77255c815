"""Steps on services: run as the files in place say, with exactly that image; stopped; proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hummii_ops.steps.step import Effect, Step

LIMIT_S = 180


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A service and what it must run.

    `hashes` are the config-hash labels that mean "made from these files"; () is not known beforehand, and then
    Compose is asked to bring it about. `any_config`: only the image can be asked for.
    """

    service: str
    image_id: str
    hashes: tuple[str, ...] = ()
    any_config: bool = False

    @property
    def words(self) -> tuple[str, str, str]:
        return (self.service, self.image_id, "any" if self.any_config else ",".join(self.hashes) or "-")


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
    """These services run these images, made from the files in place."""
    services = tuple(one.service for one in wanted)
    return Step(
        id=step_id,
        title=title,
        effect=Effect.CHANGES,
        limit_s=LIMIT_S,
        holds=("services_run", project.name, *_words(wanted)),
        act=("compose_up", project.name, project.dir, project.file, *services),
    )


def exist(step_id: str, title: str, project: Project, wanted: Sequence[Wanted]) -> Step:
    """Services that were ill before are there as these files have them; whether they run is not ours to prove."""
    services = tuple(one.service for one in wanted)
    return Step(
        id=step_id,
        title=title,
        effect=Effect.CHANGES,
        limit_s=LIMIT_S,
        holds=("services_exist", project.name, *_words(wanted)),
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


def proven(step_id: str, project: Project, wanted: Sequence[Wanted], title: str) -> Step:
    """The running image ids and configurations are those wanted, all of them."""
    return Step(
        id=step_id,
        title=title,
        effect=Effect.READS,
        limit_s=30,
        holds=("services_run", project.name, *_words(wanted)),
        act=("cannot", "a service does not run what it should"),
    )
