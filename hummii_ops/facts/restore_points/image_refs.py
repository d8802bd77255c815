"""An image's name taken apart, and looked for among the host's images.

Never asks a registry: what is not on the host is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hummii_ops.facts.stack import ImageFact

_ID = re.compile(r"(sha256:)?[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class ImageRef:
    """`repository[:tag][@digest]`, Docker Hub's own prefixes taken off."""

    text: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def is_mutable(self) -> bool:
        """May it name another image tomorrow, as everybody expects of it?"""
        return self.digest is None and self.tag in {None, "latest"}

    @property
    def pull(self) -> str | None:
        """repo@digest, by which exactly this image can be pulled; None without a digest."""
        return f"{self.repository}@{self.digest}" if self.digest else None


def image_ref(text: str) -> ImageRef:
    """Take an image's name apart. A port is no tag: `host:5000/api` has none."""
    rest, _, digest = text.partition("@")
    head, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    repository = f"{head}{slash}{name}"
    for prefix in ("docker.io/library/", "docker.io/", "library/"):
        if repository.startswith(prefix):
            repository = repository.removeprefix(prefix)
            break
    return ImageRef(text=text, repository=repository, tag=tag or None, digest=digest or None)


def find_image(ref: str, images: Iterable[ImageFact]) -> ImageFact | None:
    """The image on the host that `ref` names now: by id, by digest, by tag."""
    found = tuple(images)
    if _ID.fullmatch(ref):
        wanted = "sha256:" + ref.removeprefix("sha256:")
        return next((one for one in found if one.id == wanted), None)
    parts = image_ref(ref)
    if parts.digest:
        return next((one for one in found if parts.pull in one.digests), None)
    name = f"{parts.repository}:{parts.tag or 'latest'}"
    return next((one for one in found if name in one.tags), None)


def version_of(ref: str | None, image: ImageFact | None) -> str | None:
    """A release's version: the tag of its image, unless that says nothing; then the image's version label."""
    tag = image_ref(ref).tag if ref and not _ID.fullmatch(ref) else None
    if tag and tag != "latest":
        return tag
    return (image.version if image else None) or tag
