"""The plan that serves a prepared database instead of the present one, and, if asked for, moves the code as well.

It is the plan of a rollback with the exchange of the databases before the first change of the code. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hummii_ops.errors import Refused
from hummii_ops.facts.database.backup import schema_head
from hummii_ops.facts.database.read_migrations import unasked
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.release import Release
from hummii_ops.facts.restore_points.releases import disk_runs
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.inventory.stack_settings import Database
from hummii_ops.plans import before, forward, rollback, schema_check, sentences
from hummii_ops.plans.checklist import checklist
from hummii_ops.plans.difference import Difference, between
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.prepare_db import served_of
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.plans.swap import Swap
from hummii_ops.plans.work import Options, Work, judged
from hummii_ops.steps import exchange, side

TASK = "rollback-db"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a run has restored beside: its id, the backup's name, its migrations (a line each).

    `check`: may the code that is to run serve them?
    """

    run_id: str
    backup: str
    schema: str
    check: SchemaCheck


def build(
    snapshot: Snapshot,
    environment: Environment,
    database: Database,
    prepared: Prepared,
    code: tuple[Release, TargetFacts] | None,
    options: Options,
) -> Plan:
    """The plan for one host. `code`: the release that will run on it; None: what runs now."""
    writers = database.writers or (environment.version_service,)
    work = _moving(snapshot, environment, *code, options) if code else _staying(snapshot, environment, writers, options)
    work = replace(work, check=prepared.check)
    swap = _swap(environment, database, prepared, writers)
    served = swap.served
    # noted at once: what was served for a moment, and taken back, is not what was proven any more
    first = (
        exchange.as_prepared(served, prepared.run_id),
        side.properties(served, prepared.run_id),  # a right may have been taken away while it waited
        *swap.there(),
        exchange.used(prepared.run_id),
    )
    proofs = (exchange.schema(served, "schema"), exchange.answers(served))
    steps = tuple(forward.steps(work, first=first, proofs=proofs))
    expect = snapshot.expectation_text(target=_target_file(work) if code else {})
    return Plan(
        task=TASK,
        environment=environment.name,
        host=snapshot.host_name,
        project=environment.project,
        project_dir=work.project.dir,
        left=work.left,
        target=work.target,
        forward=steps,
        back=(*swap.back(), *(step for step in rollback.back(work) if code or step.id != "mark-target-bad")),
        expect=expect,
        expect_files=before.expected_files(expect),
        probe_url=environment.health.inside,
        changes=tuple(_sentences(work, swap, prepared)),
        warnings=tuple(sentences.warnings(work)) if code else tuple(_doubts(prepared.check)),
        checklist=checklist(steps, work.check, work.environment.told, migration=_no_migration(prepared.schema)),
        schema_check=work.check,
        notes=rollback.mark_before(work) | {"schema": prepared.schema},
        swap=swap,
    )


def _swap(environment: Environment, database: Database, prepared: Prepared, writers: tuple[str, ...]) -> Swap:
    return Swap(
        prepared=prepared.run_id,
        serves="side",
        served=served_of(environment, database),
        writers=writers,
        cache=database.cache.service if database.cache else None,
        prefixes=database.cache.prefixes if database.cache else (),
    )


def _staying(snapshot: Snapshot, environment: Environment, writers: tuple[str, ...], options: Options) -> Work:
    """The code stays: its writers are started again, and are to be well on the database that is restored."""
    if not disk_runs(snapshot):
        raise Refused(
            f"{environment.compose_file} on the host is not what runs (a deploy that was not finished?): starting the "
            "code again would start something else",
            remedy="say to which release the code goes: the same with --to=…; what there is: fab releases",
        )
    left = before.state_of(snapshot, environment.version_service)
    target = replace(left, files={}, modes={}, services=tuple(replace(one, steadiness="runs") for one in left.services))
    found = between(left, target, snapshot)
    ill = tuple(name for name in found.ill if name not in writers)
    resting = tuple(one.service for one in left.services if one.steadiness == "stopped" and one.service not in writers)
    here = tuple(name for name in writers if name in left.images())
    return Work(
        snapshot=snapshot,
        environment=environment,
        release=Release(id=left.label, name=left.label, path="", at=None, version=_version(snapshot, environment)),
        facts=TargetFacts(error=None),
        options=options,
        left=left,
        target=target,
        difference=Difference(changed=here, extra=(), ill=ill, resting=resting),
        check=SchemaCheck(),
    )


def _moving(
    snapshot: Snapshot, environment: Environment, release: Release, facts: TargetFacts, options: Options
) -> Work:
    return judged(snapshot, environment, release, facts, options, unasked("not looked at"))


def _doubts(check: SchemaCheck) -> Iterator[str]:
    if check.code_only != "safe":
        yield schema_check.words(check)


def _no_migration(schema: str) -> str:
    """Why the app's own script that rolls a migration back is not run on a backup; decision 21."""
    head = schema_head(tuple(schema.split()))
    if head is None:
        return "the backup brings its own schema"
    return f"the backup's schema ends with {head} already: the app's script would undo one migration too many"


def _version(snapshot: Snapshot, environment: Environment) -> str | None:
    return before.version_of(snapshot, environment.version_service)


def _target_file(work: Work) -> dict[str, str | None]:
    return {work.release.path.removeprefix(f"{work.environment.project_dir}/"): work.release.compose_sha256}


def _sentences(work: Work, swap: Swap, prepared: Prepared) -> Iterator[str]:
    yield f"{swap.served.name}: the database of {prepared.backup} is served; the present one is kept, fenced"
    yield f"{', '.join(swap.writers)}: stopped for the exchange"
    if swap.cache is not None:
        yield f"{swap.cache}: forgets " + (
            f"keys that begin with {', '.join(swap.prefixes)}" if swap.prefixes else "all"
        )
    yield from (sentences.changes(work) if work.release.path else ())
