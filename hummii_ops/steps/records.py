"""Steps that keep and note: evidence, marks, the hold, the state that the run leaves."""

from __future__ import annotations

from collections.abc import Sequence

from hummii_ops.steps.health import JUDGING_STEPS
from hummii_ops.steps.step import Effect, Step


def evidence(name: str, project: str) -> Step:
    return Step(
        id=f"evidence-{name}",
        title="save logs and states of what is about to be replaced",
        effect=Effect.PREPARES,
        limit_s=60,
        holds=("evidence_saved", name),
        act=("save_evidence", name, project),
    )


def mark_left_bad(identity: str) -> Step:
    return Step(
        id="mark-left-bad",
        title="mark the release that was left as bad",
        effect=Effect.RECORDS,
        limit_s=10,
        holds=("mark_is", identity, "bad"),
        act=("put_mark", identity, "bad", "mark.about"),
    )


def mark_target_bad(identity: str) -> Step:
    """Only if the run failed because the target was ill."""
    return Step(
        id="mark-target-bad",
        title="mark the target as bad, if it was its health that failed",
        effect=Effect.RECORDS,
        limit_s=10,
        holds=("target_is_judged", identity, *JUDGING_STEPS),
        act=("put_mark", identity, "bad", "mark.about"),
    )


def mark_as_before(identity: str, source: str | None) -> Step:
    """The mark that a run had written is taken back; `source`: a copy in the run's folder, None: there was none."""
    words = (identity, source or "-")
    return Step(
        id="mark-as-before",
        title="take back the mark",
        effect=Effect.RECORDS,
        limit_s=10,
        holds=("mark_was", *words),
        act=("restore_mark", *words),
    )


def hold_deploys() -> Step:
    """Some hold stands: this run's, or one that a person or an earlier run had set, which stays theirs."""
    return Step(
        id="hold-deploys",
        title="hold guarded deploys until someone lifts it",
        effect=Effect.RECORDS,
        limit_s=10,
        holds=("is_held",),
        act=("put_hold", "mark.about"),
    )


def lift_hold(run_id: str = "-") -> Step:
    """The hold of that run is gone; without one, the run's own."""
    return Step(
        id="lift-hold",
        title="lift the hold",
        effect=Effect.RECORDS,
        limit_s=10,
        holds=("hold_gone", run_id),
        act=("remove_hold", run_id),
    )


def remember_left(project: str, project_dir: str, files: Sequence[str]) -> Step:
    return Step(
        id="remember-left",
        title="note the state that this run leaves, for an undo",
        effect=Effect.RECORDS,
        limit_s=20,
        holds=("left_known",),
        act=("remember_left", project, project_dir, *files),
    )
