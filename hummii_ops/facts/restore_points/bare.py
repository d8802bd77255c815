"""A compose file, bare: which images it would run today, and what stands in the way. Pure.

Never believes a tag that may have moved since the file was kept, unless a container from before proves it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from posixpath import normpath

from hummii_ops.facts.release import ServiceImage
from hummii_ops.facts.restore_points.compose_text import ComposeService, ComposeText
from hummii_ops.facts.restore_points.image_refs import find_image, image_ref
from hummii_ops.facts.restore_points.interpolate import NoValue, interpolate
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.facts.stack import ImageFact

_SPLIT_BY_THE_HOST = re.compile(r"[\s\[\]{}\"',;=:|&()<>$]")
# What a bare backup lacks, and is as good as today's for most; anything else that it lacks may be a surprise.
AS_TODAY = "as it was then: today's is used"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What one look at a compose file gave; `reasons` and `lacks` as in a Release."""

    services: tuple[ServiceImage, ...] = ()
    reasons: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def image_values(snapshot: Snapshot) -> dict[str, str]:
    """The variables that image names are filled in from: of the files that the stack was started with."""
    return {name: value for one in _interpolated(snapshot) for name, value in one.items()}


def known_names(snapshot: Snapshot) -> frozenset[str]:
    """Every variable name of today's env files."""
    return frozenset(name for one in snapshot.files if one.kind == "env" for name in one.names)


def required(compose: ComposeText, snapshot: Snapshot) -> tuple[ComposeService, ...]:
    """The services that `up` starts, and those behind a profile that are there now."""
    here = {one.service for one in snapshot.containers if not one.one_off}
    return tuple(one for one in compose.services if not one.optional or one.name in here)


def judge_images(compose: ComposeText, snapshot: Snapshot, *, kept_at: datetime | None) -> Judged:
    """Each service's image as its name reads today. `kept_at`: when the file was true; None: now."""
    services, reasons = [], []
    values = image_values(snapshot)
    for one in required(compose, snapshot):
        if one.image is None:
            if not one.extends:
                reasons.append(f"service {one.name} names no image: it was built on the host")
            else:
                reasons.append(f"service {one.name} takes its image from {one.extends}, which is not kept")
            continue
        try:
            ref = interpolate(one.image, values)
        except NoValue as error:
            reasons.append(f"image of {one.name}: {error}")
            continue
        found = find_image(ref, snapshot.images)
        pull = image_ref(ref).pull
        services.append(
            ServiceImage(
                service=one.name,
                ref=ref,
                image_id=found.id if found else None,
                on_host=found is not None,
                digest=pull,
            )
        )
        if found is None:
            reasons += [] if pull else [f"image {ref} is not on the host"]
        elif (
            kept_at is not None and _has_moved(ref, found, kept_at) and not _proven(one.name, found, snapshot, kept_at)
        ):
            reasons.append(f"{ref}: this tag no longer names the old image")
    return Judged(services=tuple(services), reasons=tuple(dict.fromkeys(reasons)))


def judge_needs(compose: ComposeText, snapshot: Snapshot, *, recorded: Mapping[str, str]) -> Judged:
    """Are the variables and files that it names there? `recorded` files come with the release."""
    reasons: list[str] = []
    lacks: list[str] = []
    names = known_names(snapshot)
    env_is_recorded = any(one.path in recorded for one in snapshot.files if one.kind == "env")
    for name, insists in compose.needs.items():
        if name in names or env_is_recorded:
            continue
        (reasons if insists else lacks).append(f"variable {name} is not set")
    used = []
    for service in required(compose, snapshot):
        for path, must in service.env_files:
            used.append(path)
            if must and _is_absent(path, snapshot, recorded):
                reasons.append(f"env_file {path} of {service.name} does not exist")
        for path in service.mounts:
            used.append(path)
            if PurePosixPath(path).suffix and _is_absent(path, snapshot, recorded):
                reasons.append(f"{path}, which {service.name} mounts, does not exist")
    for path in compose.files:
        used.append(path)
        if _is_absent(path, snapshot, recorded):
            reasons.append(f"{path} does not exist")
    used += [*compose.includes, *(one.extends for one in compose.services if one.extends)]
    used += [one.path for one in snapshot.files if one.exists]
    lacks += [
        f"{path} {AS_TODAY}"
        for path in dict.fromkeys(normpath(one) for one in used)
        if path not in recorded and not path.startswith("/")
    ]
    return Judged(reasons=tuple(dict.fromkeys(reasons)), lacks=tuple(dict.fromkeys(lacks)))


def _interpolated(snapshot: Snapshot) -> list[Mapping[str, str]]:
    env = [one for one in snapshot.files if one.kind == "env"]
    named = {path for one in snapshot.containers for path in one.environment_files}
    top = snapshot.project_dir.path
    chosen = [one for one in env if f"{top}/{one.path}" in named] if named else []
    chosen = chosen or [one for one in env if one.path == ".env"] or env
    return [one.values for one in chosen]


def _has_moved(ref: str, image: ImageFact, kept_at: datetime) -> bool:
    parts = image_ref(ref)
    if parts.digest or ref == image.id:
        return False
    return parts.is_mutable or (image.created_at is not None and image.created_at > kept_at)


def _proven(service: str, image: ImageFact, snapshot: Snapshot, kept_at: datetime) -> bool:
    """A container of the service that has run this very image since before the file was kept."""
    return any(one.image_id == image.id and one.created_at <= kept_at for one in snapshot.service(service))


def _is_absent(path: str, snapshot: Snapshot, recorded: Mapping[str, str]) -> bool:
    """Surely not there today, nor in the record? The host tells only of paths that are one plain word."""
    if normpath(path) in recorded or _SPLIT_BY_THE_HOST.search(path) or path.startswith("~"):
        return False
    return path not in snapshot.present
