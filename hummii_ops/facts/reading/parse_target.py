"""An answer of target.sh → TargetFacts: what Compose makes of one release.

The resolved configuration, which holds secrets, stays on the host; services, images and hashes come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hummii_ops.facts.frames import Frames, frames, sensible
from hummii_ops.facts.reading import parse_docker
from hummii_ops.facts.stack import ImageFact


@dataclass(frozen=True, kw_only=True)
class TargetFacts:
    """One release as Compose reads it today.

    `error` in Compose's words, then the rest is empty. `services`: image by service, of every profile;
    `optional`: those that `up` alone does not start; `replicas`: how many, where the file says so.
    `env_differs`: names by word (changed, added, removed), from the recorded env files to today's.
    """

    error: str | None
    services: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    config_hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    replicas: Mapping[str, int] = field(default_factory=dict)
    images: tuple[ImageFact, ...] = ()
    env_differs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@sensible
def parse_target(answer: bytes, *, host_name: str) -> TargetFacts:
    """Read an answer of target.sh. Unreachable if it is not whole."""
    said = frames(answer, host=host_name)
    resolved = said.one("config")
    if resolved.exit_code != 0:
        return TargetFacts(error=parse_docker.refusal(resolved.text))
    hashes, _ = parse_docker.hashes(said.one("hashes"))
    differs: dict[str, tuple[str, ...]] = {}
    for line in said.one("differ").text.splitlines():
        word, _, name = line.partition(" ")
        differs[word] = (*differs.get(word, ()), name)
    return TargetFacts(
        error=None,
        services=dict(_service_lines(said)),
        optional=frozenset(said.one("optional").text.split()),
        config_hashes=hashes or {},
        replicas=parse_docker.replicas(said.one("replicas")),
        images=parse_docker.images(said),
        env_differs=differs,
    )


def _service_lines(said: Frames) -> Iterator[tuple[str, str]]:
    """(service, image); a service comes first with "-", and again if it names an image."""
    for line in said.one("services").text.splitlines():
        service, _, ref = line.partition(" ")
        yield service, "" if ref == "-" else ref.strip("\"'")
