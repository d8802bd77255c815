"""Whether a failed deploy is rolled back by itself: pure, one host at a time.

Never for a deploy that touched nothing, never twice for a commit, never for a commit that a rollback made. What cannot
be told is no "yes": a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.deploys import DeployFact
from hummii_ops.facts.snapshot import Snapshot

Touched = Literal["auto", "true", "false", "unknown"]
TOUCHED: tuple[Touched, ...] = ("auto", "true", "false", "unknown")
RESULTS = ("failure", "cancelled", "success", "skipped")  # as GitHub has them, of a job
FAILED = ("failure", "cancelled")
TRAILER = "Hummii-Ops-Run"
_JOB = re.compile(r"https?://\S+/actions/runs/[0-9]+")
_TRAILER = re.compile(rf"^{TRAILER}:[ \t]*\S", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """The deploy of which a job speaks. `release_before`: an identity or a version, "" where nobody noted it.

    `job` is the address of the job's run: a deploy that was begun with it as its reason is the one.
    """

    result: str
    touched: Touched = "auto"
    run: str = ""
    version: str = ""
    commit: str = ""
    release_before: str = ""
    job: str = ""


@dataclass(frozen=True, kw_only=True)
class Running:
    """What runs on a host now: its identity (None: not one release that can be named) and its version."""

    identity: str | None
    version: str | None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`rolls_back` None: it cannot be told. `to`: the restore point that the guard made before this deploy.

    `before`: the version that ran then; restore points of several hosts have different names.
    """

    rolls_back: bool | None
    why: str
    to: str = ""
    before: str = ""


def decide(deploy: Deploy, running: Running, snapshot: Snapshot) -> Decision:
    """Is this host rolled back?"""
    last = snapshot.deploy
    if deploy.result not in FAILED:
        return Decision(rolls_back=False, why=f"the deploy did not fail: {deploy.result}")
    if answered := answered_by(snapshot, deploy.commit):
        return Decision(rolls_back=False, why=f"once is enough for a commit: {answered} rolled it back")
    match deploy.touched:
        case "true":
            ours = last if last is not None and _is_ours(deploy, last) else None
            return Decision(
                rolls_back=True,
                why="the deploy touched the server, as the job says",
                to=ours.restore_point if ours else "",
                before=ours.release_before if ours else "",
            )
        case "false":
            return Decision(rolls_back=False, why="the deploy touched nothing, as the job says")
        case "auto" if last is not None:
            return _guarded(deploy, last, running, snapshot)
        case "auto" | "unknown":
            return _compared(deploy.release_before, running)


def target(decisions: Iterable[Decision]) -> str:
    """What all of these hosts go back to: one restore point, else one version; "" where they agree on neither."""
    chosen = [one for one in decisions if one.rolls_back]
    for named in ({one.to for one in chosen}, {one.before for one in chosen}):
        if len(named) == 1 and all(named):
            return named.pop()
    return ""


def answered_by(snapshot: Snapshot, commit: str) -> str | None:
    """The run that answered a failed deploy of this commit, if there was one: the host itself remembers."""
    began = (one for one in snapshot.runs if one.has_started and one.state != "refused")
    return next((one.run_id for one in began if commit and one.commit == commit), None)


def made_by_a_rollback(event: Mapping[str, Any], message: str) -> str | None:
    """Why this workflow was set off by a rollback of ours; None if it was not."""
    deployment = event.get("deployment")
    if isinstance(deployment, dict) and deployment.get("task") == "rollback":
        return "a deployment of the task `rollback` set this workflow off"
    return f"the commit carries the trailer {TRAILER}: a rollback made it" if _TRAILER.search(message) else None


def message_of(event: Mapping[str, Any], commit: str) -> str | None:
    """The message of this commit, where the event has it."""
    run = event.get("workflow_run")
    for head in (event.get("head_commit"), run.get("head_commit") if isinstance(run, dict) else None):
        if isinstance(head, dict) and head.get("id") == commit and isinstance(head.get("message"), str):
            return str(head["message"])
    return None


def _guarded(deploy: Deploy, last: DeployFact, running: Running, snapshot: Snapshot) -> Decision:
    if not _is_ours(deploy, last):
        return _anothers(deploy, last, running)
    changed = _changed_last(snapshot)
    if changed is not None and changed.since and last.since and changed.since > last.since:
        return Decision(rolls_back=False, why=f"{changed.run_id} has changed the stack since that deploy")
    if last.touched is None:
        return _compared(last.identity_before or last.release_before, running)
    if not last.touched:
        return Decision(rolls_back=False, why=f"the deploy touched nothing, as the guard saw ({last.run})")
    return Decision(
        rolls_back=True,
        why=f"the deploy touched the server, as the guard saw ({last.run})",
        to=last.restore_point,
        before=last.release_before,
    )


def _anothers(deploy: Deploy, last: DeployFact, running: Running) -> Decision:
    """The guard saw another deploy last, or nobody can tell whose it was."""
    before = f"the last deploy that the guard saw is {last.version or 'another one'} ({last.run})"
    if deploy.release_before:
        told = _compared(deploy.release_before, running)
        return Decision(rolls_back=told.rolls_back, why=f"{before}; {told.why}")
    left = bool(last.identity_after) and last.identity_after == running.identity
    if left and _is_ours(deploy, last) is False:
        return Decision(
            rolls_back=False, why=f"{before}, and what it left runs: this one did not come as far as the server"
        )
    return Decision(rolls_back=None, why=f"{before}; whether this one touched the server is not known")


def _changed_last(snapshot: Snapshot) -> RunFact | None:
    """The newest run that changed the stack, or may have; one that was refused, or only prepared, has not."""
    began = (one for one in snapshot.runs if one.has_started and one.has_target)
    return next((one for one in began if one.state not in ("refused", "prepared")), None)


def _is_ours(deploy: Deploy, last: DeployFact) -> bool | None:
    """By its run, else by the job that it named, else by its version; None: it cannot be told.

    An equal version says nothing of a deploy that ended well: somebody else may have deployed it by hand.
    """
    if deploy.run:
        return last.run == deploy.run
    if deploy.job and _JOB.fullmatch(last.reason):
        return last.reason == deploy.job
    if not deploy.version:
        return None
    if last.version != deploy.version:
        return False
    return None if last.exit_code == 0 else True


def _compared(before: str, running: Running) -> Decision:
    """Nobody saw it: touched, if what runs is not what was noted before."""
    if not before:
        return Decision(
            rolls_back=None, why="whether the deploy touched the server is not known, nor what ran before it"
        )
    if before in (running.identity, running.version):
        return Decision(rolls_back=False, why=f"what ran before the deploy runs: {before:.40}")
    now = running.version or "nothing that is one release"
    return Decision(rolls_back=True, why=f"{before:.40} ran before the deploy, and {now:.40} runs now")
