"""An answer of target.sh → TargetFacts: what Compose makes of one release.

The resolved configuration, which holds secrets, stays on the host; services, images and hashes come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hummii_ops.facts import parse_docker
from hummii_ops.facts.frames import Frames, frames
from hummii_ops.facts.stack import ImageFact
from hummii_ops.transport.text import printable


@dataclass(frozen=True, kw_only=True)
class TargetFacts:
    """One release as Compose reads it today.

    `error` in Compose's words, then the rest is empty. `config` is `docker compose config` as JSON, secrets
    and all. `env_differs`: names by word (changed, added, removed), from the recorded env files to today's.
    """

    error: str | None
    services: Mapping[str, str] = field(default_factory=dict)
    config_hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    images: tuple[ImageFact, ...] = ()
    env_differs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def images_missing(self) -> tuple[str, ...]:
        """The refs that no image on the host bears."""
        borne = {name for one in self.images for name in (*one.tags, *one.digests, one.id)}
        refs = dict.fromkeys(ref for ref in self.services.values() if ref)
        return tuple(ref for ref in refs if ref not in borne and f"{ref}:latest" not in borne)


def parse_target(answer: bytes, *, host_name: str) -> TargetFacts:
    """Read an answer of target.sh. Unreachable if it is not whole."""
    said = frames(answer, host=host_name)
    resolved = said.one("config")
    if resolved.exit_code != 0:
        words = printable(" ".join(resolved.text.split()))[:1000]
        return TargetFacts(error=words or "docker compose did not answer")
    hashes, _ = parse_docker.hashes(said.one("hashes"))
    differs: dict[str, tuple[str, ...]] = {}
    for line in said.one("differ").text.splitlines():
        word, _, name = line.partition(" ")
        differs[word] = (*differs.get(word, ()), name)
    return TargetFacts(
        error=None,
        services=dict(_service_lines(said)),
        config_hashes=hashes or {},
        images=parse_docker.images(said),
        env_differs=differs,
    )


def _service_lines(said: Frames) -> Iterator[tuple[str, str]]:
    """(service, image); a service comes first with "-", and again if it names an image."""
    for line in said.one("services").text.splitlines():
        service, _, ref = line.partition(" ")
        yield service, "" if ref == "-" else ref.strip("\"'")
