"""Every restore point of a host as a Release: pure.

Never drops one: what cannot be restored is listed with the reason.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

from hummii_ops.facts.release import Record, Release, ServiceImage, identity
from hummii_ops.facts.restore_points.bare import Judged, judge_images, judge_needs
from hummii_ops.facts.restore_points.compose_text import Unparsable, parse_compose
from hummii_ops.facts.restore_points.image_refs import find_image, image_ref, version_of
from hummii_ops.facts.restore_points.record import BadRecord, parse_record
from hummii_ops.facts.snapshot import BackupFact, Snapshot
from hummii_ops.facts.timestamps import Moment, Unreadable, host_zone, parse_timestamp
from hummii_ops.inventory import Environment
from hummii_ops.transport.text import printable

_OLDEST = datetime.min.replace(tzinfo=UTC)
_NOT_FILES = {"directory": "a folder", "symlink": "a symbolic link", "other": "not a regular file"}


def releases(snapshot: Snapshot, environment: Environment) -> tuple[Release, ...]:
    """All restore points, newest first by the time in the name; those without a readable time come last."""
    prefix = f"{PurePosixPath(environment.compose_file).name}.backup-"
    disk = disk_runs(snapshot)
    found = [_release(one, one.name.removeprefix(prefix), snapshot, environment, disk) for one in snapshot.backups]
    return tuple(sorted(found, key=lambda one: (one.at or _OLDEST, one.id), reverse=True))


def running_identity(snapshot: Snapshot) -> str | None:
    """What runs now, by its identity; None when the file on disk is not what runs, or replicas differ."""
    images = snapshot.running_images()
    if not images or snapshot.compose.sha256 is None or not disk_runs(snapshot):
        return None
    return identity(snapshot.compose.sha256, images)


def disk_runs(snapshot: Snapshot) -> bool:
    """Is the compose file on disk what the containers were made from?

    Images must be equal; so must Compose's hashes, where they can be compared: made by the same Compose.
    """
    images = snapshot.running_images()
    try:
        compose = parse_compose(snapshot.compose.content or "")
    except Unparsable:
        return False
    judged = judge_images(compose, snapshot, kept_at=None)
    if images is None or {one.service: one.image_id for one in judged.services} != images:
        return False
    hashes = snapshot.compose.config_hashes or {}
    return all(
        one.service not in hashes or one.config_hash in hashes[one.service]
        for one in snapshot.containers
        if not one.one_off and one.compose_version == snapshot.engine.compose_version_number
    )


def _release(backup: BackupFact, text: str, snapshot: Snapshot, environment: Environment, disk: bool) -> Release:
    moment, unreadable = _moment(text, snapshot)
    record, bad_record = _record(backup)
    judged = _judge(backup, record, snapshot, moment)
    ids = {one.service: one.image_id for one in judged.services}
    known = {service: image_id for service, image_id in ids.items() if image_id is not None}
    named = (
        identity(backup.sha256, known)
        if backup.sha256 and known and len(known) == len(ids) and not _is_partial(judged)
        else None
    )
    mark = snapshot.marks.get(named) if named else None
    return Release(
        id=printable(text),
        name=printable(backup.name),
        path=backup.path,
        at=moment.at if moment else None,
        ambiguous=moment.ambiguous if moment else False,
        unreadable=unreadable,
        version=_version(judged, record, snapshot, environment),
        services=judged.services,
        compose_sha256=backup.sha256,
        identity=named,
        goodness=mark.mark if mark else "unknown",
        mark=mark,
        recorded=record is not None,
        running=_is_running(backup, record, ids, snapshot, disk),
        file_differs=backup.sha256 != snapshot.compose.sha256,
        reasons=(*bad_record, *judged.reasons),
        lacks=judged.lacks,
        record=record,
    )


def _moment(text: str, snapshot: Snapshot) -> tuple[Moment | None, str | None]:
    zone = host_zone(snapshot.host.zone, offset_s=snapshot.host.utc_offset_s, at=snapshot.read_at)
    try:
        return parse_timestamp(text, zone=zone), None
    except Unreadable as error:
        return None, str(error)


def _record(backup: BackupFact) -> tuple[Record | None, tuple[str, ...]]:
    """The record, or why it cannot be believed: then it is not restorable, rather than bare."""
    if backup.record is None:
        return None, ()
    if backup.record.text is None:
        return None, ("its record is missing: the folder beside it has no record.json",)
    try:
        record = parse_record(backup.record.text)
    except BadRecord as error:
        return None, (f"its record cannot be used: {error}",)
    reasons = []
    if backup.sha256 is not None and record.compose_sha256 != backup.sha256:
        reasons.append("the compose file is not as recorded: its sha256 differs")
    for path, digest in record.files.items():
        found = backup.record.files.get(path)
        if found is None:
            reasons.append(f"{path} is missing from its record")
        elif found != digest:
            reasons.append(f"{path} is not as recorded: its sha256 differs")
    return record, tuple(reasons)


def _judge(backup: BackupFact, record: Record | None, snapshot: Snapshot, moment: Moment | None) -> Judged:
    if backup.kind != "file":
        return Judged(reasons=(f"it is {_NOT_FILES[backup.kind]}, not a compose file",))
    if backup.content is None:
        return Judged(reasons=("its compose file cannot be read, or is larger than 256 KiB",))
    try:
        compose = parse_compose(backup.content)
    except Unparsable as error:
        return Judged(reasons=(f"its compose file does not parse: {error}",))
    if record is None:
        images = judge_images(compose, snapshot, kept_at=moment.at if moment else snapshot.read_at)
        needs = judge_needs(compose, snapshot, recorded={})
    else:
        images = _recorded_images(record, snapshot)
        needs = judge_needs(compose, snapshot, recorded=record.files)
    return Judged(services=images.services, reasons=(*images.reasons, *needs.reasons), lacks=needs.lacks)


def _recorded_images(record: Record, snapshot: Snapshot) -> Judged:
    services, reasons = [], []
    for service, image_id in record.images.items():
        ref = record.refs.get(service, image_id)
        digest = record.digests.get(service) or image_ref(ref).pull
        on_host = snapshot.image(image_id) is not None
        services.append(ServiceImage(service=service, ref=ref, image_id=image_id, on_host=on_host, digest=digest))
        if not on_host and digest is None:
            reasons.append(f"image {ref} is not on the host")
    return Judged(services=tuple(services), reasons=tuple(dict.fromkeys(reasons)))


def _is_partial(judged: Judged) -> bool:
    """Is a service missing from it, so that it has no identity?"""
    return any(reason.startswith(("service ", "image of ")) for reason in judged.reasons)


def _version(judged: Judged, record: Record | None, snapshot: Snapshot, environment: Environment) -> str | None:
    service = next((one for one in judged.services if one.service == environment.version_service), None)
    if service is None:
        return record.version if record else None
    image = snapshot.image(service.image_id) if service.image_id else find_image(service.ref, snapshot.images)
    return version_of(service.ref, image) or (record.version if record else None)


def _is_running(
    backup: BackupFact,
    record: Record | None,
    ids: dict[str, str | None],
    snapshot: Snapshot,
    disk: bool,
) -> bool:
    """Equal to what runs: every image, the compose file if the one on disk runs, the recorded files."""
    if not ids or ids != snapshot.running_images():
        return False
    if disk and backup.sha256 != snapshot.compose.sha256:
        return False
    today = {one.path: one.sha256 for one in snapshot.files}
    return record is None or all(today[path] == one for path, one in record.files.items() if path in today)
