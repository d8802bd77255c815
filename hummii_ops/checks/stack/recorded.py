"""Are the images that run those that were recorded? Pure.

Never holds an old record against a newer deploy: a record counts only if it speaks of what runs now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hummii_ops.checks.mask import shown
from hummii_ops.checks.verdict import SKIPPED, Measurement
from hummii_ops.facts.release import Record, Release
from hummii_ops.facts.restore_points.image_refs import image_ref
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.facts.snapshot import RunFact, Snapshot

_NAME = "images.recorded"
_SOURCE = "docker inspect --format '{{.Name}} {{.Image}}' $(docker ps -aq --filter label=com.docker.compose.project=%s)"


@dataclass(frozen=True, kw_only=True)
class _Witness:
    """Who says which image each service ran, and when."""

    who: str
    at: datetime
    images: Mapping[str, str]


def measure(snapshot: Snapshot, releases: Sequence[Release], *, version_service: str) -> Measurement:
    """Compares what runs with the newest record, restore point or run that speaks of it."""
    source = _SOURCE % snapshot.project
    running = {one.service: one.image_id for one in snapshot.containers if not one.one_off}
    if not snapshot.engine.answers:
        return Measurement(name=_NAME, verdict="inconclusive", reason="docker does not answer", source=source)
    if not running:
        return Measurement(name=_NAME, verdict="inconclusive", reason="nothing runs to compare", source=source)
    if snapshot.running_images() is None:
        reason = "replicas of one service run different images"
        return Measurement(name=_NAME, verdict="fail", value="differ", reason=reason, source=source)
    witness = max(_witnesses(snapshot, releases, version_service), key=lambda one: one.at, default=None)
    if witness is None:
        return _by_identity(snapshot, source)
    differ = [
        f"{service} runs {_short(running[service])}, recorded is {_short(image)}"
        for service, image in sorted(witness.images.items())
        if service in running and running[service] != image
    ]
    same = sum(running.get(service) == image for service, image in witness.images.items())
    return Measurement(
        name=_NAME,
        verdict="fail" if differ else "pass",
        value=f"{same} of {len(witness.images)}",
        reason=f"not as in {witness.who}: {'; '.join(differ)}" if differ else f"as in {witness.who}",
        source=source,
        samples=len(witness.images),
    )


def _witnesses(snapshot: Snapshot, releases: Sequence[Release], version_service: str) -> Iterator[_Witness]:
    last = _last_that_left_a_release(snapshot)
    for one in releases:
        images = {image.service: image.image_id for image in one.services if image.image_id}
        if one.record and one.at and (known := _spoken_of(snapshot, one.record, one.at, version_service)):
            yield _Witness(who=f"the record {one.id}", at=one.at, images=known)
        if last and last.state_at and one.identity and one.identity == _left(last):
            yield _Witness(who=f"what run {shown(last.run_id)} left", at=last.state_at, images=images)


def _by_identity(snapshot: Snapshot, source: str) -> Measurement:
    """No restore point speaks of what runs; the last run may, by its release's identity alone."""
    last, now = _last_that_left_a_release(snapshot), running_identity(snapshot)
    if last is None:
        reason = "no record and no earlier run speaks of what runs; to make one: fab snapshot --reason=…"
    elif now is None:
        reason = "the compose file on disk is not what runs, so it cannot be compared with what the last run left"
    else:
        same = now == _left(last)
        return Measurement(
            name=_NAME,
            verdict="pass" if same else "fail",
            value=now[:12],
            limit=_left(last)[:12],
            reason=f"{'as' if same else 'not as'} run {shown(last.run_id)} left it",
            source=source,
        )
    return Measurement(name=_NAME, verdict=SKIPPED, reason=reason, source=source)


def _last_that_left_a_release(snapshot: Snapshot) -> RunFact | None:
    """The last run, if it ended with a release in place and nothing was deployed since."""
    last = snapshot.last_change
    if last is None or not _left(last) or last.state_at is None:
        return None
    made_at = max((one.created_at for one in snapshot.containers if not one.one_off), default=None)
    return last if made_at is not None and made_at <= last.state_at else None


def _left(run: RunFact) -> str:
    """The identity of the release that a run left running; "" if it left none that is known."""
    return {"done": run.to_identity, "restored": run.from_identity}.get(run.state or "", "")


def _spoken_of(snapshot: Snapshot, record: Record, at: datetime, version_service: str) -> dict[str, str]:
    """What a record says of the containers that run: of those that were there when it was made, and of a version
    that bears the same fixed tag. A tag like `postgres:15` moves with every update, so an older record says nothing.
    """
    known = {}
    for service, image_id in record.images.items():
        containers = snapshot.service(service)
        same_version = service == version_service and all(
            one.image_ref == record.refs.get(service) and not image_ref(one.image_ref).is_mutable for one in containers
        )
        if containers and (same_version or all(one.created_at <= at for one in containers)):
            known[service] = image_id
    return known if version_service in known else {}


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]
