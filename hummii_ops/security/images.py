"""Are the images that run those that were built? Their labels against their tags, and against what was said. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hummii_ops.checks import SKIPPED, Measurement, Verdict
from hummii_ops.facts.restore_points.image_refs import image_ref
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.security.built import Built
from hummii_ops.transport.text import printable

_SOURCE = "docker inspect --format '{{.Image}} {{json .Config.Labels}}'"


def judge(
    built: Sequence[Built], snapshot: Snapshot, version_service: str, *, sha: str, digest: str
) -> Iterator[Measurement]:
    """The release's own image: its version's label, the commit that it was built from, and its digest."""
    mine = [one for one in built if one.service == version_service]
    yield _version(mine, snapshot, version_service)
    if sha:  # it may be said in short
        revisions = {sha if (one.revision or "").startswith(sha) else one.revision or "" for one in mine}
        yield _same("image.revision", revisions, sha, "the commit that it was built from")
    if digest:
        found = {name.partition("@")[2] for one in mine for name in _digests(one, snapshot)} | {
            one.image_id for one in mine
        }
        known = digest if digest in found else ", ".join(sorted(found))
        yield _same("image.digest", {known}, digest, "its digest")


def _digests(one: Built, snapshot: Snapshot) -> Sequence[str]:
    image = snapshot.image(one.image_id)
    return image.digests if image else ()


def _version(mine: Sequence[Built], snapshot: Snapshot, service: str) -> Measurement:
    tags = {image_ref(one.image_ref).tag for one in snapshot.service(service)}
    said = {one.version for one in mine}
    name = "image.version"
    if len(tags) != 1 or len(said) != 1 or None in tags | said:
        reason = "its image has no label org.opencontainers.image.version that could be compared with its tag"
        return Measurement(name=name, verdict=SKIPPED, reason=reason, source=_SOURCE)
    (tag,), (label,) = tags, said
    same = str(tag).removeprefix("v") == str(label).removeprefix("v")
    reason = f"tag {tag}, and its label says {label}" + ("" if same else ": another image was given this tag")
    return Measurement(
        name=name,
        verdict="pass" if same else "fail",
        reason=printable(reason),
        source=_SOURCE,
        value=printable(str(label)),
        limit=printable(str(tag)),
    )


def _same(name: str, found: set[str], wanted: str, what: str) -> Measurement:
    known = ", ".join(sorted(one for one in found if one))
    if not known:
        reason = f"{what} is not known: its image has no label org.opencontainers.image.revision"
        return Measurement(name=name, verdict="inconclusive", reason=reason, source=_SOURCE, limit=wanted)
    same = known == wanted
    reason = f"{what} is the one that was said" if same else f"{what} is {known}, and {wanted} was said"
    verdict: Verdict = "pass" if same else "fail"
    return Measurement(
        name=name, verdict=verdict, reason=printable(reason), source=_SOURCE, value=printable(known), limit=wanted
    )
