"""A rollback's plan in the operator's words: what changes and what does not, and what to think about."""

from __future__ import annotations

from collections.abc import Iterator

from hummii_ops.facts.restore_points.bare import AS_TODAY
from hummii_ops.plans import marked, schema_check
from hummii_ops.plans.plan import ServiceState
from hummii_ops.plans.work import Work


def changes(work: Work) -> Iterator[str]:
    """One sentence a service, one that the database may stay as it is, and what is only to know."""
    now = {one.service: one for one in work.left.services}
    for one in work.target.services:
        was = now.get(one.service)
        yield f"{one.service}: {_becomes(work, was, one)}{_replicas(work, was, one)}{_restarts(work, one)}"
    for name in work.difference.extra:
        yield f"{name}: stopped, since the release does not have it"
    if work.check.code_only == "safe":
        yield schema_check.words(work.check)
    yield from work.options.passed_over
    yield from _about_files(work)
    yield from (f"the backup lacks: {one}" for one in work.release.lacks if one.endswith(AS_TODAY))


def _becomes(work: Work, was: ServiceState | None, one: ServiceState) -> str:
    short = one.image_id.removeprefix("sha256:")[:12]
    if was is None:
        return f"not there → {one.ref} ({short})"
    if was.image_id != one.image_id:
        return f"{was.ref} → {one.ref} ({short})"
    if one.service in work.difference.resting:
        return f"{one.ref}, was stopped before and stays stopped"
    if one.service in work.difference.changed and _only_starts(was, one):
        return f"{one.ref}, does not run now; is started"
    if one.service in work.difference.changed:
        return f"{one.ref}, another configuration"
    return f"{one.ref}, stays as it is"


def _replicas(work: Work, was: ServiceState | None, one: ServiceState) -> str:
    """How many, where it is more than the usual one."""
    if was is None or one.service in work.difference.resting:
        return ""
    if was.replicas != one.replicas:
        return f"; replicas: {was.replicas} → {one.replicas}, as the release has them"
    declared = work.facts.replicas.get(one.service, 1)
    if one.replicas == declared:
        return ""
    return f"; replicas: {one.replicas} as today (the release's file says {declared})"


def _restarts(work: Work, one: ServiceState) -> str:
    """A file alone, mounted: a container that is not replaced is restarted, or it would go on with the old one."""
    names = work.mounted().get(one.service)
    if not names or one.service in (*work.difference.changed, *work.difference.resting):
        return ""
    return f"; is restarted, to see {', '.join(names)}"


def _only_starts(was: ServiceState, one: ServiceState) -> bool:
    return was.steadiness == "stopped" and (not was.hashes or not one.hashes or bool({*was.hashes} & {*one.hashes}))


def warnings(work: Work) -> Iterator[str]:
    """What to think about before saying yes: where nobody has to, it is among `changes`."""
    yield from marked.warning(work.snapshot, work.target)
    if work.options.never_proven:
        yield f"release {work.target.label} was never proven good: no verify passed while it ran"
    yield from (f"the backup lacks: {one}" for one in work.release.lacks if not one.endswith(AS_TODAY))
    for name in work.difference.ill:
        yield f"{name} was ill before and is not part of this rollback"
    yield from _about_the_way_back(work)
    if work.check.code_only != "safe":
        yield schema_check.words(work.check)


def _about_the_way_back(work: Work) -> Iterator[str]:
    if work.snapshot.compose.config_error:
        yield f"the compose file on disk is not valid: {work.snapshot.compose.config_error}"
    elif any(not one.hashes for one in work.left.services):
        drifted = ", ".join(one.service for one in work.left.services if not one.hashes)
        yield f"the files on disk are not what runs ({drifted}): the way back can only bring back image and files"


def _about_files(work: Work) -> Iterator[str]:
    envs = {one.path for one in work.snapshot.files if one.kind == "env"} | {work.environment.compose_file}
    seen = [name for names in work.mounted().values() for name in names]
    for name, sha in work.restored_files().items():
        if name not in {*envs, *seen} and work.left.files.get(name) != sha:
            yield f"{name} changes: no service mounts it alone; one that has read it goes on with what it read"
    differs = work.facts.env_differs if not work.options.keep_env else {}
    for word, meaning in (("changed", "go back"), ("added", "are taken away"), ("removed", "come back")):
        names = [name for name in differs.get(word, ()) if name not in work.environment.keep_env]
        if names:
            yield f"env files: {', '.join(names)} {meaning} (names only; --keep-env keeps today's)"
