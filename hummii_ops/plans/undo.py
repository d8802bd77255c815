"""The plan that takes a finished run back: its `forward` is that run's way back. A pure function.

Says no when the host is no longer as that run left it: then it would undo somebody else's work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hummii_ops.errors import Refused
from hummii_ops.facts.snapshot import Mark, Snapshot, expectation_text
from hummii_ops.inventory import Environment
from hummii_ops.plans import before, marked, mounted
from hummii_ops.plans.checklist import checklist
from hummii_ops.plans.forward import proxy_looks_again
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.plans.swap import Swap
from hummii_ops.steps import Step, exchange, files, images, records, side
from hummii_ops.steps.services import Project


def build(snapshot: Snapshot, environment: Environment, done: Plan, run_id: str, left_text: str) -> Plan:
    """`done` is the finished run's plan, `left_text` the expectation text that it noted at its end."""
    _still_as_left(snapshot, run_id, left_text)
    project = _project(environment)
    now = before.state_of(snapshot, environment.version_service)
    mark = marked.mark_of(snapshot, done.left.identity)
    target = replace(done.left, mark=mark.mark if mark else None)
    forward = tuple(_forward(snapshot, environment, done, run_id, now, project))
    restarted = _mounted(snapshot, project, now, done)
    files_then = tuple(done.left.files)
    swap = done.swap.reversed() if done.swap else None
    back = before.way_back(now, project, "before", from_state=done.left, from_files=files_then, mounted=restarted)
    expect = snapshot.expectation_text()
    return Plan(
        task="undo",
        environment=environment.name,
        host=snapshot.host_name,
        project=environment.project,
        project_dir=project.dir,
        left=now,
        target=target,
        forward=forward,
        back=(*(swap.back() if swap else ()), *back),
        expect=expect,
        expect_files=before.expected_files(expect),
        probe_url=environment.health.inside,
        changes=(
            *_database_sentence(swap),
            *_sentences(now, done.left, restarted),
            *(("this takes back an undo: what that run had left comes again",) if done.task == "undo" else ()),
            "undo brings back what ran before the run, also if it was ill: it proves images and files, not health",
            *(
                f"{now.label} is marked bad again, and deploys are held"
                for step in forward
                if step.id == "mark-left-bad"
            ),
        ),
        warnings=tuple(marked.warning(snapshot, target, undone=run_id)),
        checklist=checklist(forward, SchemaCheck(), environment.told),
        notes=dict(_notes(done, run_id, mark)),
        swap=swap,
    )


def _project(environment: Environment) -> Project:
    folder = environment.project_dir
    return Project(name=environment.project, dir=str(folder), file=f"{folder}/{environment.compose_file}")


def _still_as_left(snapshot: Snapshot, run_id: str, left_text: str) -> None:
    if not left_text:
        raise Refused(
            f"{run_id} did not note the state that it left, so an undo cannot tell what has changed since",
            remedy="choose a release instead: fab releases",
        )
    paths = before.expected_files(left_text)
    known = {snapshot.compose.path: snapshot.compose.sha256} | {one.path: one.sha256 for one in snapshot.files}
    now = expectation_text({path: known.get(path) for path in paths}, snapshot.containers)
    if now != left_text:
        changed = sorted(set(now.splitlines()) ^ set(left_text.splitlines()))
        what = ", ".join(sorted({" ".join(line.split(" ")[:2]) for line in changed}))
        raise Refused(
            f"the stack is not as {run_id} left it ({what}): an undo would take back somebody else's work",
            remedy="see what runs: fab status; to go to a release: fab rollback --to=…",
        )


def _forward(
    snapshot: Snapshot, environment: Environment, done: Plan, run_id: str, now: StackState, project: Project
) -> Iterator[Step]:
    kept = f"{project.dir}/.hummii-ops/runs/{run_id}/before"
    for name, sha in done.left.files.items():
        yield files.keep("target", project, name, f"{kept}/{name}", sha)
    yield from before.keep_before(now, project)
    yield images.pinned(sorted({*now.images().values(), *done.left.images().values()}))
    yield records.evidence("before", project.name)
    if done.swap:
        yield exchange.as_left(done.swap.served, done.swap.prepared, done.swap.serves)
        yield side.free(done.swap.served)
        yield from done.swap.reversed().there()
    brought = [name for name in done.target.files if name in now.files]
    way = before.way_back(
        done.left,
        project,
        "target",
        from_state=done.target,
        from_files=brought,
        mounted=_mounted(snapshot, project, now, done),
    )
    for step in way:
        yield step
        if done.swap and step.id == "return-services":
            yield from proxy_looks_again(environment, project, done.left)
    yield from _records(done, run_id)
    paths = sorted({environment.compose_file, *(one.path for one in snapshot.files)})
    yield records.remember_left(project.name, project.dir, paths)


def _records(done: Plan, run_id: str) -> Iterator[Step]:
    """The mark and the hold that the run wrote are taken back; of an undo, those that it took away are put back."""
    for step in done.forward:
        if step.id == "mark-left-bad":
            yield records.mark_as_before(step.holds[1], "mark.before" if "mark.before" in done.notes else None)
        if step.id == "mark-as-before":
            yield records.mark_left_bad(step.holds[1])
    if any(step.id == "lift-hold" for step in done.forward):
        yield records.hold_deploys()
    else:
        yield records.lift_hold(run_id)


def _notes(done: Plan, run_id: str, mark: Mark | None) -> Iterator[tuple[str, str]]:
    """What an undo of this undo needs: the mark from before, and what was said in the mark that is taken back."""
    if "mark.before" in done.notes:
        yield "mark.before", done.notes["mark.before"]
    if mark is not None and mark.run == run_id:
        since = str(int(mark.since.timestamp() * 1000)) if mark.since else ""
        yield "mark.taken", f"who={mark.who}\nreason={mark.reason}\nsince={since}\n"
    if "mark.taken" in done.notes:
        yield "mark.about", done.notes["mark.taken"]  # instead of who undoes and why


def _mounted(snapshot: Snapshot, project: Project, now: StackState, done: Plan) -> dict[str, tuple[str, ...]]:
    """Services that mount a file alone that the undo puts back."""
    return mounted.services(snapshot, project, mounted.changing(now, done.left, done.left.files))


def _database_sentence(swap: Swap | None) -> Iterator[str]:
    if swap is None:
        return
    which = "the one from before" if swap.serves == "live" else "the restored one, again"
    yield f"{swap.served.name}: {which} is served; what was written since stays in the other one, kept and fenced"


def _sentences(now: StackState, then: StackState, restarted: Mapping[str, Sequence[str]]) -> Iterator[str]:
    ids, counts = now.images(), now.replicas()
    for one in then.services:
        same = ids.get(one.service) == one.image_id
        words = f"{one.service}: {one.ref}, same image" if same else f"{one.service}: back to {one.ref}"
        if one.replicas is not None and counts.get(one.service, one.replicas) != one.replicas:
            words += f"; replicas: {counts[one.service]} → {one.replicas}, as before"
        if same and one.service in restarted:
            words += f"; is restarted, to see {', '.join(restarted[one.service])}"
        yield words
