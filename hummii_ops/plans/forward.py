"""The steps of a rollback, in their order: prepare, change, judge, record. They name the target only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans import before
from hummii_ops.plans.plan import ServiceState, StackState
from hummii_ops.plans.target import pulled_from
from hummii_ops.plans.work import Work
from hummii_ops.steps import Step, files, health, images, mounts, records, services, step_id
from hummii_ops.steps.health import Answer
from hummii_ops.steps.services import Project, Wanted

ROOM_BYTES = (
    200 * 1024**2
)  # a rollback writes copies of small files and logs; less than this and Docker itself stumbles


def steps(work: Work, *, first: Iterable[Step] = (), proofs: Iterable[Step] = ()) -> Iterator[Step]:
    """All of them. `first`: changes that come before those of code; `proofs`: what is proven beside health."""
    first = tuple(first)
    yield from _prepare(work)
    yield from first
    yield from _change(work)
    if first:
        yield from proxy_looks_again(work.environment, work.project, work.target, work.difference.resting)
    yield from _judge(work)
    yield from proofs
    yield from _record(work)


def proxy_looks_again(
    environment: Environment, project: Project, state: StackState, resting: Collection[str] = ()
) -> Iterator[Step]:
    """After writers were stopped for the database: at once, for customers wait for it."""
    proxy = environment.proxy
    if proxy and proxy.service in state.images() and proxy.service not in resting:
        yield health.proxy_looks_again(project.name, proxy.service, proxy.reload)


def health_timeout(snapshot: Snapshot) -> int:
    """Seconds to wait for health: the slowest start_period + interval × (retries + 2) + 30, at least 60."""
    checks = [one.healthcheck for one in snapshot.containers if one.healthcheck]
    slowest = max((c.start_period_s + c.interval_s * (c.retries + 2) for c in checks), default=0.0)
    return max(60, int(slowest) + 30)


def _prepare(work: Work) -> Iterator[Step]:
    yield files.room(work.project.dir, ROOM_BYTES)
    for name, sha in work.restored_files().items():
        compose = name == work.environment.compose_file
        source = work.release.path if compose else f"{work.release.record_dir}/files/{name}"
        yield files.keep("target", work.project, name, source, sha)
    yield from before.keep_before(work.left, work.project)
    for name, keys in work.merged_env().items():
        yield files.merge_env(work.project, name, keys)
    here = {one.id for one in work.snapshot.images}
    for one in work.target.services:
        digest = pulled_from(work.release, one.service)
        if one.image_id not in here and digest:
            yield images.present(one.service, one.image_id, digest)
    yield images.pinned(sorted({*work.left.images().values(), *work.target.images().values()}))
    yield records.evidence("before", work.project.name)


def _change(work: Work) -> Iterator[Step]:
    refs = before.image_names(work.target.services)
    if refs:
        yield images.named(refs)
    for name in work.restored_files():
        yield files.restore(work.project, name, _copy(work, name), work.target.modes[name])
    changed = work.difference.changed
    here = {one.service: one for one in work.target.services}
    run = services.run if work.restored_files() else services.run_again
    for name in changed:
        title = f"{name} runs {here[name].ref}"
        yield run(step_id("replace", name), title, work.project, [_wanted(here[name])])
    rest = [_wanted(one) for one in work.target.services if one.service not in (*changed, *work.difference.not_judged)]
    if rest:
        title = f"{', '.join(one.service for one in rest)} as the release has them"
        yield services.run("the-rest", title, work.project, rest)
    yield from _left_alone(work)
    for service, names in work.mounted().items():
        if service in here and service not in work.difference.resting:
            yield mounts.seen(work.project, service, names)


def _left_alone(work: Work) -> Iterator[Step]:
    """What was ill before, what someone stopped, and what the release does not have."""
    project, ill, resting, extra = work.project, work.difference.ill, work.difference.resting, work.difference.extra
    if ill:
        title = f"{', '.join(ill)} as the release has them (ill before)"
        wanted = [_wanted(one) for one in work.target.services if one.service in ill]
        yield services.exist("the-ill", title, project, wanted)
    if resting:
        yield services.stopped("stay-stopped", f"{', '.join(resting)} stopped, as before", project, resting)
    if extra:
        title = f"{', '.join(extra)} stopped: the release does not have them"
        yield services.stopped("stop-extra", title, project, extra)


def _copy(work: Work, name: str) -> str:
    """Where the bytes for the live path lie, in the run's folder."""
    return f"target/{name}.merged" if name in work.merged_env() else f"target/{name}"


def _wanted(one: ServiceState) -> Wanted:
    return Wanted(service=one.service, image_id=one.image_id, hashes=one.hashes, replicas=one.replicas)


def _answer(work: Work) -> Answer | None:
    checked = work.environment.health
    if checked.inside is None:
        return None
    if checked.version_field and work.release.version:
        return Answer(url=checked.inside, field=checked.version_field, version=work.release.version)
    return Answer(url=checked.inside)


def _judge(work: Work) -> Iterator[Step]:
    judged = [one for one in work.target.services if one.service not in work.difference.not_judged]
    names = [one.service for one in judged]
    timeout = work.options.health_timeout_s or work.environment.health.timeout_s or health_timeout(work.snapshot)
    settle = work.environment.health.settle_s if work.options.settle_s is None else work.options.settle_s
    answer, proxy, project = _answer(work), work.environment.proxy, work.project
    if names:
        yield health.healthy(project.name, names, int(timeout))
    if answer and proxy and proxy.service in work.target.images() and proxy.service not in work.difference.resting:
        yield health.proxy_follows(project.name, proxy.service, proxy.reload, answer)
    if answer:
        yield health.answers_inside(answer, int(timeout))
    if names and settle:  # without a window it would ask once more what the steps before it have just proven
        yield health.settled(project.name, names, int(settle), int(timeout), answer)
    if any(host.url for host in work.environment.hosts if host.name == work.snapshot.host_name):
        yield health.confirmed_outside()
    # after the gate, which may wait a minute for a laptop that is gone: what went down meanwhile is seen
    for name in work.restored_files():
        yield files.proven(project, name, _copy(work, name))
    if judged:
        yield services.proven(project, [_wanted(one) for one in judged])
        yield health.still_well(project.name, names, int(timeout))


def _record(work: Work) -> Iterator[Step]:
    if work.another_left:
        yield records.mark_left_bad(work.another_left)
    yield records.hold_deploys()
    paths = sorted({work.environment.compose_file, *(one.path for one in work.snapshot.files)})
    yield records.remember_left(work.project.name, work.project.dir, paths)
