"""The work of one rollback: all that its plan is made from, judged before a step is named.

Says no (Refused, nothing changed) when a file of today's could not be put back, or when nothing would change.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hummii_ops.errors import Refused
from hummii_ops.facts.database.read_migrations import Schema
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans import before, difference, mounted, schema_check, target
from hummii_ops.plans.difference import Difference
from hummii_ops.plans.plan import StackState
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.steps.services import Project


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the operator may choose; None takes the inventory's value. Times in whole seconds."""

    health_timeout_s: int | None = None
    settle_s: int | None = None
    keep_env: bool = False
    despite_schema: bool = False
    never_proven: bool = False
    passed_over: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Work:
    """From what (`left`) to what (`target`), on which host, and what differs. `facts`: the closer look at `release`.

    `check`: may the target's code serve the database as it is now?
    """

    snapshot: Snapshot
    environment: Environment
    release: Release
    facts: TargetFacts
    options: Options
    left: StackState
    target: StackState
    difference: Difference
    check: SchemaCheck

    @property
    def project(self) -> Project:
        """The Compose project on the host."""
        folder = self.environment.project_dir
        return Project(name=self.environment.project, dir=str(folder), file=f"{folder}/{self.environment.compose_file}")

    @property
    def another_left(self) -> str | None:
        """The identity of what is left, if it is another release than the target: then it can be marked."""
        return self.left.identity if self.left.identity != self.target.identity else None

    def restored_files(self) -> dict[str, str]:
        """The files that go back with the release: name → sha256."""
        envs = {one.path for one in self.snapshot.files if one.kind == "env"}
        return {name: sha for name, sha in self.target.files.items() if not (self.options.keep_env and name in envs)}

    def mounted(self) -> dict[str, tuple[str, ...]]:
        """Services that mount a file alone that changes: service → files."""
        changing = mounted.changing(self.left, self.target, self.restored_files())
        return mounted.services(self.snapshot, self.project, changing)

    def merged_env(self) -> dict[str, tuple[str, ...]]:
        """Env files that go back with some of today's variables: file → keys. With keep_env, all of today's stay."""
        if not self.release.record or self.options.keep_env:
            return {}
        names = {one.path: set(one.names) for one in self.snapshot.files if one.kind == "env"}
        merged = {
            path: tuple(key for key in self.environment.keep_env if key in names.get(path, set()))
            for path in self.release.record.files
            if path in names
        }
        return {path: keys for path, keys in merged.items() if keys}


def judged(
    snapshot: Snapshot,
    environment: Environment,
    release: Release,
    facts: TargetFacts,
    options: Options,
    schema: Schema,
) -> Work:
    """The work from what runs to the release, or Refused: it cannot be, or there is nothing to do."""
    left = before.state_of(snapshot, environment.version_service)
    wanted = target.state_of(release, facts, left, environment, snapshot)
    work = Work(
        snapshot=snapshot,
        environment=environment,
        release=release,
        facts=facts,
        options=options,
        left=left,
        target=wanted,
        difference=difference.between(left, wanted, snapshot),
        check=schema_check.judge(
            schema, wanted.images().get(environment.version_service), despite=options.despite_schema
        ),
    )
    _can_be_kept(work)
    _something_changes(work)
    return work


def _can_be_kept(work: Work) -> None:
    """Refuse to put a file over one of today's that could not be read: it could never be put back."""
    today = {one.path: one for one in work.snapshot.files}
    for name in work.restored_files():
        if name in work.left.files or (name in today and not today[name].exists):
            continue
        host = work.snapshot.host_name
        if name in today or name == work.environment.compose_file:
            raise Refused(
                f"{host}: {name} is there and cannot be read, so it could not be put back",
                remedy=f"give the account read rights: chmod g+r {work.environment.project_dir}/{name}",
            )
        raise Refused(
            f"{host}: the release brings {name}, which inventory.yml does not name: today's could not be put back",
            remedy=f"name {name} under files (or env_files) in inventory.yml",
        )


def _something_changes(work: Work) -> None:
    """Refuse a plan that would change nothing and still leave a mark and a hold."""
    left, release = work.left, work.release
    unsure = [one.service for one in (*left.services, *work.target.services) if not one.hashes]
    counts = left.replicas()
    same_count = all(counts.get(name, count) == count for name, count in work.target.replicas().items())
    same_files = all(left.files.get(name) == sha for name, sha in work.restored_files().items())
    if not work.difference.changed and not work.difference.extra and not unsure and same_files and same_count:
        raise Refused(
            f"release {release.version or release.id} is equal to what runs: there is nothing to change",
            remedy="choose another one: fab releases",
        )
