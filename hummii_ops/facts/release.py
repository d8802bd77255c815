"""A Release: a restore point, what it is, and whether it can be restored.

Never looks at a file's age: order comes from the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal

from hummii_ops.facts.claims import Mark

Goodness = Literal["good", "bad", "unknown"]


@dataclass(frozen=True, kw_only=True)
class ServiceImage:
    """The image that a release runs for a service.

    `image_id` None: not recorded, and no image on the host bears the ref. `on_host` False: it must be pulled
    first, by `digest` (repo@sha256:…); without one it cannot be.
    """

    service: str
    ref: str
    image_id: str | None
    on_host: bool
    digest: str | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """record.json, whole and valid. `images` and `config_hashes` by service; `files` path → sha256."""

    at: str
    reason: str
    who: str
    compose_sha256: str
    refs: Mapping[str, str]
    images: Mapping[str, str]
    digests: Mapping[str, str]
    config_hashes: Mapping[str, str]
    files: Mapping[str, str]
    version: str | None
    identity: str | None


@dataclass(frozen=True, kw_only=True)
class Release:
    """A restore point. `id` is the timestamp text of its name; `at` is aware UTC, None when it is unreadable.

    `unreadable` says why `at` is None. `file_differs`: another compose file is on the disk. `reasons` say why it
    cannot be restored; `lacks` what a bare backup does not contain and takes from today.
    """

    id: str
    name: str
    path: str
    at: datetime | None
    ambiguous: bool = False
    unreadable: str | None = None
    version: str | None = None
    services: tuple[ServiceImage, ...] = ()
    compose_sha256: str | None = None
    identity: str | None = None
    goodness: Goodness = "unknown"
    mark: Mark | None = None
    recorded: bool = False
    running: bool = False
    file_differs: bool = False
    reasons: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    record: Record | None = field(default=None, repr=False)

    @property
    def restorable(self) -> bool:
        """Can the stack be brought back to it, as far as one read can tell?"""
        return not self.reasons

    @property
    def record_dir(self) -> str:
        """Where its record lies, or would lie."""
        return f"{self.path}.release"

    def image_id(self, service: str) -> str | None:
        """The image id that it runs for a service."""
        return next((one.image_id for one in self.services if one.service == service), None)


def identity(compose_sha256: str, images: Mapping[str, str]) -> str:
    """What a release is: sha256 over its compose file's sha256 and its services' image ids."""
    lines = [f"compose {compose_sha256}"]
    lines += [f"image {service} {image_id}" for service, image_id in images.items()]
    return sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()
