"""An answer of target.sh → TargetFacts: what Compose makes of one release.

Never shows the resolved configuration: it holds secrets, and its repr says only that it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hummii_ops.facts import parse_docker
from hummii_ops.facts.frames import frames
from hummii_ops.facts.stack import ImageFact
from hummii_ops.transport.text import printable


@dataclass(frozen=True, kw_only=True)
class TargetFacts:
    """One release as Compose reads it today.

    `error` in Compose's words, then the rest is empty. `config` is `docker compose config` as JSON, secrets
    and all. `env_differs`: names by word (changed, added, removed), from the recorded env files to today's.
    """

    error: str | None
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config_hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    refs: tuple[str, ...] = ()
    images: tuple[ImageFact, ...] = ()
    env_differs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def images_missing(self) -> tuple[str, ...]:
        """The refs that no image on the host bears."""
        borne = {name for one in self.images for name in (*one.tags, *one.digests, one.id)}
        return tuple(ref for ref in self.refs if ref not in borne and f"{ref}:latest" not in borne)


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
    documents = (one for one in parse_docker.documents(resolved.text) if "services" in one)
    return TargetFacts(
        error=None,
        config=next(documents, {}),
        config_hashes=hashes or {},
        refs=tuple(dict.fromkeys(said.one("refs").text.split())),
        images=parse_docker.images(said),
        env_differs=differs,
    )
