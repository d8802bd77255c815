"""The state that a release stands for, as far as this host can have it: its files, and the image of each service.

Says no (Refused, nothing changed) when it cannot work here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from hummii_ops.errors import Refused
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans.plan import ServiceState, StackState


def state_of(
    release: Release, facts: TargetFacts, left: StackState, environment: Environment, snapshot: Snapshot
) -> StackState:
    """The release as a state of the stack; `facts` is the closer look at it, `left` what runs now."""
    if facts.error:
        raise Refused(
            f"release {release.id} cannot work here: {facts.error}",
            remedy="see what each restore point lacks: fab releases",
        )
    if release.compose_sha256 is None:
        raise Refused(f"release {release.id} has no readable compose file", remedy="fab releases")
    hashes = dict(facts.config_hashes)
    if release.record and not _same_env(release, snapshot):
        # Compose hashed today's env files, not the recorded ones; the label noted then is what it would make of them.
        hashes = {name: frozenset({label}) for name, label in release.record.config_hashes.items() if label}
    recorded = dict(release.record.files) if release.record else {}
    compose = environment.compose_file
    return StackState(
        label=release.version or release.id,
        identity=release.identity,
        release_id=release.id,
        mark=release.mark.mark if release.mark else None,
        files={compose: release.compose_sha256} | recorded,
        modes={compose: "644"} | {name: left.modes.get(name, "600") for name in recorded},
        services=tuple(
            replace(one, replicas=_replicas(one.service, facts, left, snapshot))
            for one in _services(release, facts, hashes, snapshot)
        ),
    )


def _replicas(service: str, facts: TargetFacts, left: StackState, snapshot: Snapshot) -> int:
    """How many: as today where someone scaled by hand, else what the release's file says (decision 10).

    By hand: the file on disk says another count than there is. Where that file cannot be read, several are kept.
    """
    today, on_disk = left.replicas().get(service), snapshot.compose.replicas
    if today is not None and (today > 1 if on_disk is None else today != on_disk.get(service, 1)):
        return today
    return facts.replicas.get(service, 1)


def pulled_from(release: Release, service: str) -> str | None:
    """Where an image that is not on the host can be pulled from, by digest."""
    return next((one.digest for one in release.services if one.service == service), None)


def _services(
    release: Release, facts: TargetFacts, hashes: Mapping[str, Collection[str]], snapshot: Snapshot
) -> Iterator[ServiceState]:
    """Each service that Compose itself sees in the release, with the image that it must run: the recorded one first.

    One that `up` alone does not start belongs to it only if a container of it is there today.
    """
    by_name = {name: one.id for one in facts.images for name in (*one.tags, *one.digests, one.id)}
    here = {one.id for one in facts.images}
    for service, named in sorted(facts.services.items()):
        if service in facts.optional and not snapshot.service(service):
            continue
        # a service that is built names no image; its record tells what Compose called the one that it ran
        ref = named or (release.record.refs.get(service, "") if release.record else "")
        image_id = release.record.images.get(service) if release.record else None
        image_id = image_id or by_name.get(ref) or by_name.get(f"{ref}:latest")
        if not image_id or (image_id not in here and not pulled_from(release, service)):
            raise Refused(
                f"release {release.id}: image {ref or '(none named)'} of {service} is not on {snapshot.host_name}",
                remedy="load or pull that image, or choose another release: fab releases",
            )
        yield ServiceState(
            service=service, ref=ref or image_id, image_id=image_id, hashes=tuple(sorted(hashes.get(service, ())))
        )


def _same_env(release: Release, snapshot: Snapshot) -> bool:
    now = {one.path: one.sha256 for one in snapshot.files}
    record = release.record
    return record is not None and all(now.get(path) == sha for path, sha in record.files.items())
