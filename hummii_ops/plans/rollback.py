"""The plan of a rollback: from what runs to a release, and back. A pure function of what was read.

Says no (Refused, nothing changed) when the plan cannot be proven possible.
"""

from __future__ import annotations

from collections.abc import Iterator

from hummii_ops.facts.database.read_migrations import Schema, unasked
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans import before, forward, sentences
from hummii_ops.plans.checklist import checklist
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.work import Options, Work, judged
from hummii_ops.steps import Step, records

__all__ = ["Options", "build"]

NOT_LOOKED_AT = unasked("not looked at")


def build(
    snapshot: Snapshot,
    environment: Environment,
    release: Release,
    facts: TargetFacts,
    options: Options,
    schema: Schema = NOT_LOOKED_AT,
) -> Plan:
    """The whole plan for one host; `facts` is the closer look at the chosen release, `schema` that at the database."""
    work = judged(snapshot, environment, release, facts, options, schema)
    steps = tuple(forward.steps(work))
    backup = release.path.removeprefix(f"{environment.project_dir}/")
    expect = snapshot.expectation_text(target={backup: release.compose_sha256})
    return Plan(
        task="rollback",
        environment=environment.name,
        host=snapshot.host_name,
        project=environment.project,
        project_dir=work.project.dir,
        left=work.left,
        target=work.target,
        forward=steps,
        back=tuple(back(work)),
        expect=expect,
        expect_files=before.expected_files(expect),
        probe_url=environment.health.inside,
        changes=tuple(sentences.changes(work)),
        warnings=tuple(sentences.warnings(work)),
        checklist=checklist(steps, work.check, work.environment.told),
        schema_check=work.check,
        notes=mark_before(work),
    )


def back(work: Work) -> Iterator[Step]:
    """The way back of the code."""
    yield from before.way_back(
        work.left,
        work.project,
        "before",
        from_state=work.target,
        from_files=tuple(work.restored_files()),
        mounted=work.mounted(),
    )
    if work.another_left:
        noted = bool(mark_before(work))
        yield records.mark_as_before(work.another_left, "mark.before" if noted else None)
    yield records.lift_hold()
    if work.target.identity:
        yield records.mark_target_bad(work.target.identity)


def mark_before(work: Work) -> dict[str, str]:
    """The mark that the left release had, so that an undo can give it back."""
    mark = work.snapshot.marks.get(work.left.identity or "")
    if mark is None:
        return {}
    since = str(int(mark.since.timestamp() * 1000)) if mark.since else ""
    text = f"mark={mark.mark}\nrun={mark.run}\nwho={mark.who}\nreason={mark.reason}\nsince={since}\n"
    return {"mark.before": text}
