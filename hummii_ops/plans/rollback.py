"""The plan of a rollback: from what runs to a release, and back. A pure function of what was read.

Says no (Refused, nothing changed) when the plan cannot be proven possible.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from hummii_ops.errors import Refused
from hummii_ops.facts.parse_target import TargetFacts
from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans import before
from hummii_ops.plans.checklist import checklist
from hummii_ops.plans.plan import Plan, ServiceState, StackState
from hummii_ops.steps import Step, files, health, images, records, services, step_id
from hummii_ops.steps.health import Answer
from hummii_ops.steps.services import Project, Wanted

ROOM_BYTES = (
    200 * 1024**2
)  # a rollback writes copies of small files and logs; less than this and Docker itself stumbles


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the operator may choose; None takes the inventory's value. Times in whole seconds."""

    health_timeout_s: int | None = None
    settle_s: int | None = None
    keep_env: bool = False
    never_proven: bool = False
    passed_over: tuple[str, ...] = field(default=())


def build(snapshot: Snapshot, environment: Environment, release: Release, facts: TargetFacts, options: Options) -> Plan:
    """The whole plan for one host; `facts` is the closer look at the chosen release."""
    project = Project(
        name=environment.project,
        dir=str(environment.project_dir),
        file=f"{environment.project_dir}/{environment.compose_file}",
    )
    left = before.state_of(snapshot, environment.version_service)
    target = _target(release, facts, left, environment, snapshot)
    _can_be_kept(target, left, snapshot, environment, options)
    resting = _resting(left, target, snapshot)
    changed = tuple(name for name in _changed(left, target) if name not in resting)
    ill = tuple(
        one.service
        for one in left.services
        if one.steadiness == "ill" and one.service in target.images() and one.service not in changed
    )
    extra = tuple(one.service for one in left.services if one.service not in target.images())
    _something_changes(release, snapshot, left, target, changed, extra, options)
    merged = _merged_env(release, environment, snapshot, options)
    work = _Work(
        snapshot=snapshot,
        environment=environment,
        project=project,
        release=release,
        left=left,
        target=target,
        changed=changed,
        extra=extra,
        ill=ill,
        resting=resting,
        merged=merged,
        options=options,
    )
    forward = tuple(work.forward())
    backup = release.path.removeprefix(f"{environment.project_dir}/")
    expected = {backup: release.compose_sha256}
    expect = snapshot.expectation_text(target=expected)
    return Plan(
        task="rollback",
        environment=environment.name,
        host=snapshot.host_name,
        project=environment.project,
        project_dir=project.dir,
        left=left,
        target=target,
        forward=forward,
        back=tuple(work.back()),
        expect=expect,
        expect_files=before.expected_files(expect),
        probe_url=environment.health.inside,
        changes=tuple(work.sentences()),
        warnings=tuple(work.warnings(facts)),
        checklist=checklist(forward),
        notes=_mark_before(snapshot, left),
    )


def _mark_before(snapshot: Snapshot, left: StackState) -> dict[str, str]:
    """The mark that the left release had, so that an undo can give it back."""
    mark = snapshot.marks.get(left.identity or "")
    if mark is None:
        return {}
    since = str(int(mark.since.timestamp() * 1000)) if mark.since else ""
    text = f"mark={mark.mark}\nrun={mark.run}\nwho={mark.who}\nreason={mark.reason}\nsince={since}\n"
    return {"mark.before": text}


def health_timeout(snapshot: Snapshot) -> int:
    """Seconds to wait for health: the slowest start_period + interval × (retries + 2) + 30, at least 60."""
    checks = [one.healthcheck for one in snapshot.containers if one.healthcheck]
    slowest = max((c.start_period_s + c.interval_s * (c.retries + 2) for c in checks), default=0.0)
    return max(60, int(slowest) + 30)


def _target(
    release: Release, facts: TargetFacts, left: StackState, environment: Environment, snapshot: Snapshot
) -> StackState:
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
        files={compose: release.compose_sha256} | recorded,
        modes={compose: "644"} | {name: left.modes.get(name, "600") for name in recorded},
        services=tuple(_services(release, facts, hashes, snapshot)),
    )


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
        if not image_id or (image_id not in here and not _digest(release, service)):
            raise Refused(
                f"release {release.id}: image {ref or '(none named)'} of {service} is not on {snapshot.host_name}",
                remedy="load or pull that image, or choose another release: fab releases",
            )
        yield ServiceState(
            service=service, ref=ref or image_id, image_id=image_id, hashes=tuple(sorted(hashes.get(service, ())))
        )


def _digest(release: Release, service: str) -> str | None:
    """Where an image that is not on the host can be pulled from, by digest."""
    return next((one.digest for one in release.services if one.service == service), None)


def _something_changes(
    release: Release,
    snapshot: Snapshot,
    left: StackState,
    target: StackState,
    changed: tuple[str, ...],
    extra: tuple[str, ...],
    options: Options,
) -> None:
    """Refuse a plan that would change nothing and still leave a mark and a hold."""
    files = _restored(target, snapshot, options)
    unsure = [one.service for one in (*left.services, *target.services) if not one.hashes]
    if not changed and not extra and not unsure and all(left.files.get(name) == sha for name, sha in files.items()):
        raise Refused(
            f"release {release.version or release.id} is equal to what runs: there is nothing to change",
            remedy="choose another one: fab releases",
        )


def _same_env(release: Release, snapshot: Snapshot) -> bool:
    now = {one.path: one.sha256 for one in snapshot.files}
    return bool(release.record) and all(now.get(p) == sha for p, sha in release.record.files.items())  # type: ignore[union-attr]


def _changed(left: StackState, target: StackState) -> tuple[str, ...]:
    """Services whose image or configuration differs from what runs, as far as can be told beforehand."""
    now = {one.service: one for one in left.services}
    return tuple(
        one.service
        for one in target.services
        if one.service not in now
        or now[one.service].image_id != one.image_id
        or now[one.service].steadiness == "stopped"
        or (now[one.service].hashes and one.hashes and not {*now[one.service].hashes} & {*one.hashes})
    )


def _resting(left: StackState, target: StackState, snapshot: Snapshot) -> tuple[str, ...]:
    """Services that someone stopped, and that the release has exactly as they are: they stay stopped.

    Only what the file on disk made counts: what a rollback stopped, since its release lacked it, starts again.
    And only one among others that run: where nothing runs, the engine or the host went down, and all of it starts.
    """
    if not any(one.is_up for one in snapshot.containers if not one.one_off):
        return ()
    now = {one.service: one for one in left.services}
    return tuple(
        one.service
        for one in target.services
        if (was := now.get(one.service))
        and was.image_id == one.image_id
        and {*was.hashes} & {*one.hashes}
        and before.stopped_by_hand(snapshot, one.service)
    )


def _can_be_kept(
    target: StackState, left: StackState, snapshot: Snapshot, environment: Environment, options: Options
) -> None:
    """Refuse to put a file over one of today's that could not be read: it could never be put back."""
    today = {one.path: one for one in snapshot.files}
    for name in _restored(target, snapshot, options):
        if name in left.files or (name in today and not today[name].exists):
            continue
        host = snapshot.host_name
        if name in today or name == environment.compose_file:
            raise Refused(
                f"{host}: {name} is there and cannot be read, so it could not be put back",
                remedy=f"give the account read rights: chmod g+r {environment.project_dir}/{name}",
            )
        raise Refused(
            f"{host}: the release brings {name}, which inventory.yml does not name: today's could not be put back",
            remedy=f"name {name} under files (or env_files) in inventory.yml",
        )


def _restored(target: StackState, snapshot: Snapshot, options: Options) -> dict[str, str]:
    """The files that go back with the release: name → sha256."""
    envs = {one.path for one in snapshot.files if one.kind == "env"}
    return {name: sha for name, sha in target.files.items() if not (options.keep_env and name in envs)}


def _merged_env(
    release: Release, environment: Environment, snapshot: Snapshot, options: Options
) -> dict[str, tuple[str, ...]]:
    """Env files that go back with some of today's variables: file → keys. With keep_env, all of today's stay."""
    if not release.record or options.keep_env:
        return {}
    names = {one.path: set(one.names) for one in snapshot.files if one.kind == "env"}
    merged = {
        path: tuple(key for key in environment.keep_env if key in names.get(path, set()))
        for path in release.record.files
        if path in names
    }
    return {path: keys for path, keys in merged.items() if keys}


@dataclass(frozen=True, kw_only=True)
class _Work:
    snapshot: Snapshot
    environment: Environment
    project: Project
    release: Release
    left: StackState
    target: StackState
    changed: tuple[str, ...]
    extra: tuple[str, ...]
    ill: tuple[str, ...]
    resting: tuple[str, ...]
    merged: dict[str, tuple[str, ...]]
    options: Options

    def forward(self) -> Iterator[Step]:
        yield from self._prepare()
        yield from self._change()
        yield from self._judge()
        yield from self._record()

    def back(self) -> Iterator[Step]:
        yield from before.way_back(
            self.left,
            self.project,
            "before",
            from_services=self.target.images(),
            from_files=tuple(self._restored_files()),
        )
        if self.left.identity and self.left.identity != self.target.identity:
            noted = bool(_mark_before(self.snapshot, self.left))
            yield records.mark_as_before(self.left.identity, "mark.before" if noted else None)
        yield records.lift_hold()
        if self.target.identity:
            yield records.mark_target_bad(self.target.identity)

    def _restored_files(self) -> dict[str, str]:
        return _restored(self.target, self.snapshot, self.options)

    def _prepare(self) -> Iterator[Step]:
        yield files.room(self.project.dir, ROOM_BYTES)
        for name, sha in self._restored_files().items():
            compose = name == self.environment.compose_file
            source = self.release.path if compose else f"{self.release.record_dir}/files/{name}"
            yield files.keep("target", self.project, name, source, sha)
        yield from before.keep_before(self.left, self.project)
        for name, keys in self.merged.items():
            yield files.merge_env(self.project, name, keys)
        here = {one.id for one in self.snapshot.images}
        for one in self.target.services:
            digest = _digest(self.release, one.service)
            if one.image_id not in here and digest:
                yield images.present(one.service, one.image_id, digest)
        yield images.pinned(sorted({*self.left.images().values(), *self.target.images().values()}))
        yield records.evidence("before", self.project.name)

    def _copy(self, name: str) -> str:
        return f"target/{name}.merged" if name in self.merged else f"target/{name}"

    def _change(self) -> Iterator[Step]:
        refs = before.image_names(self.target.services)
        if refs:
            yield images.named(refs)
        for name in self._restored_files():
            yield files.restore(self.project, name, self._copy(name), self.target.modes[name])
        wanted = {one.service: self._wanted(one) for one in self.target.services}
        for name in self.changed:
            yield services.run(step_id("replace", name), f"{name} runs {self._ref(name)}", self.project, [wanted[name]])
        rest = [one for name, one in wanted.items() if name not in (*self.changed, *self.ill, *self.resting)]
        if rest:
            title = f"{', '.join(one.service for one in rest)} as the release has them"
            yield services.run("the-rest", title, self.project, rest)
        if self.ill:
            title = f"{', '.join(self.ill)} as the release has them (ill before)"
            yield services.exist("the-ill", title, self.project, [wanted[name] for name in self.ill])
        if self.resting:
            title = f"{', '.join(self.resting)} stopped, as before"
            yield services.stopped("stay-stopped", title, self.project, self.resting)
        if self.extra:
            title = f"{', '.join(self.extra)} stopped: the release does not have them"
            yield services.stopped("stop-extra", title, self.project, self.extra)

    def _wanted(self, one: ServiceState) -> Wanted:
        return Wanted(service=one.service, image_id=one.image_id, hashes=one.hashes)

    def _ref(self, service: str) -> str:
        return next(one.ref for one in self.target.services if one.service == service)

    def _answer(self) -> Answer | None:
        checked = self.environment.health
        if checked.inside is None:
            return None
        if checked.version_field and self.release.version:
            return Answer(url=checked.inside, field=checked.version_field, version=self.release.version)
        return Answer(url=checked.inside)

    def _judge(self) -> Iterator[Step]:
        judged = [one for one in self.target.services if one.service not in (*self.ill, *self.resting)]
        names = [one.service for one in judged]
        timeout = self.options.health_timeout_s or self.environment.health.timeout_s or health_timeout(self.snapshot)
        settle = self.environment.health.settle_s if self.options.settle_s is None else self.options.settle_s
        answer, proxy = self._answer(), self.environment.proxy
        if names:
            yield health.healthy(self.project.name, names, int(timeout))
        if answer and proxy and proxy.service in self.target.images() and proxy.service not in self.resting:
            yield health.proxy_follows(self.project.name, proxy.service, proxy.reload, answer)
        if answer:
            yield health.answers_inside(answer, int(timeout))
        if names:
            yield health.settled(self.project.name, names, int(settle), int(timeout), answer)
        if any(host.url for host in self.environment.hosts if host.name == self.snapshot.host_name):
            yield health.confirmed_outside()
        # after the gate, which may wait a minute for a laptop that is gone: what went down meanwhile is seen
        for name in self._restored_files():
            yield files.proven(self.project, name, self._copy(name))
        if judged:
            yield services.proven(self.project, [self._wanted(one) for one in judged])

    def _record(self) -> Iterator[Step]:
        if self.left.identity and self.left.identity != self.target.identity:
            yield records.mark_left_bad(self.left.identity)
        yield records.hold_deploys()
        paths = sorted({self.environment.compose_file, *(one.path for one in self.snapshot.files)})
        yield records.remember_left(self.project.name, self.project.dir, paths)

    def sentences(self) -> Iterator[str]:
        now = {one.service: one for one in self.left.services}
        for one in self.target.services:
            was = now.get(one.service)
            short = one.image_id.removeprefix("sha256:")[:12]
            if was is None:
                yield f"{one.service}: not there → {one.ref} ({short})"
            elif was.image_id != one.image_id:
                yield f"{one.service}: {was.ref} → {one.ref} ({short})"
            elif one.service in self.resting:
                yield f"{one.service}: {one.ref}, was stopped before and stays stopped"
            elif one.service in self.changed and self._only_starts(was, one):
                yield f"{one.service}: {one.ref}, does not run now; is started"
            elif one.service in self.changed:
                yield f"{one.service}: {one.ref}, another configuration"
            else:
                yield f"{one.service}: {one.ref}, stays as it is"
        for name in self.extra:
            yield f"{name}: stopped, since the release does not have it"

    @staticmethod
    def _only_starts(was: ServiceState, one: ServiceState) -> bool:
        return was.steadiness == "stopped" and (not was.hashes or not one.hashes or bool({*was.hashes} & {*one.hashes}))

    def warnings(self, facts: TargetFacts) -> Iterator[str]:
        if self.options.never_proven:
            yield f"release {self.target.label} was never proven good: no verify passed while it ran"
        yield from self.options.passed_over
        for name in self.ill:
            yield f"{name} was ill before and is not part of this rollback"
        if self.snapshot.compose.config_error:
            yield f"the compose file on disk is not valid: {self.snapshot.compose.config_error}"
        elif any(not one.hashes for one in self.left.services):
            drifted = ", ".join(one.service for one in self.left.services if not one.hashes)
            yield f"the files on disk are not what runs ({drifted}): the way back can only bring back image and files"
        envs = {one.path for one in self.snapshot.files if one.kind == "env"} | {self.environment.compose_file}
        for name, sha in self._restored_files().items():
            if name not in envs and self.left.files.get(name) != sha:
                yield f"{name} changes: services that mount it see it only after they are recreated"
        differs = facts.env_differs if not self.options.keep_env else {}
        for word, meaning in (("changed", "go back"), ("added", "are taken away"), ("removed", "come back")):
            names = [name for name in differs.get(word, ()) if name not in self.environment.keep_env]
            if names:
                yield f"env files: {', '.join(names)} {meaning} (names only; --keep-env keeps today's)"
        for lack in self.release.lacks:
            yield f"the backup lacks: {lack}"
        yield "database: unknown: not looked at; a newer migration may not suit the older code"
