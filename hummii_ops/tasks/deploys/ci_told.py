"""What a CI job is told of its rollback: the reply, the deployment on GitHub, outputs, annotations and the page.

Whatever goes wrong in the telling is a note: the rollback has happened, and its exit code is what counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from hummii_ops.ci import decide, summary
from hummii_ops.errors import ExitCode, HummiiError
from hummii_ops.github import job as jobs
from hummii_ops.github.client import GitHub, NoAnswer
from hummii_ops.github.deployments import Deployment
from hummii_ops.inventory import Environment
from hummii_ops.tasks.call.frame import of_error
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.deploys import job_told
from hummii_ops.telling import job_log
from hummii_ops.transport.text import printable

if TYPE_CHECKING:
    from hummii_ops.tasks.deploys.ci_answer import Done, Wanted

_LIMIT_S = 8.0
_LOOK_S = 4.0  # before the rollback: a GitHub that is ill must not hold it up
_SAYS = {
    ExitCode.DONE: "rolled back, and verified",
    ExitCode.DEGRADED: "rolled back; something is not as it should be",
    ExitCode.RESTORED: "the rollback failed, and what ran before it runs again: a person is needed",
}


def told(wanted: Wanted, environment: Environment, work: Callable[[Callable[[], None]], Done]) -> Reply:
    """The reply of the whole, with GitHub told beside it."""
    job, notes = jobs.job_of(os.environ), list[str]()
    deployments: list[Deployment] = []
    github = _github(job)

    def begins() -> None:
        if github is not None and (wanted.deploy.commit or job.sha):
            sha = wanted.deploy.commit or job.sha
            deployments.append(Deployment(github, sha=sha, environment=environment.name, log_url=job.run_url))

    try:
        reply = _loop(wanted, job, github, notes) or _reply(wanted, environment, work(begins), notes)
    except HummiiError as error:
        reply = of_error(error)
    for one in deployments:
        one.end("success" if reply.exit_code == ExitCode.DONE else "failure", str(reply.body.get("says", "")))
        notes += [one.note] if one.note else []
    _hand_back(job, environment, reply, notes)
    return reply


def _github(job: jobs.Job) -> GitHub | None:
    if job.token is None or not job.repository:
        return None
    return GitHub(repository=job.repository, token=job.token, limit_s=_LIMIT_S, url=job.api_url)


def _loop(wanted: Wanted, job: jobs.Job, github: GitHub | None, notes: list[str]) -> Reply | None:
    """A reply, where a rollback set this job off; a message that cannot be read stops nothing: once is once anyway."""
    if wanted.by_hand:
        return None
    commit = wanted.deploy.commit
    message = decide.message_of(job.event, commit)
    if message is None and github is not None:
        try:
            message = str(replace(github, limit_s=_LOOK_S).get(f"/git/commits/{commit}").get("message", ""))
        except (NoAnswer, AttributeError) as error:
            notes.append(f"the commit's message could not be read: {error}")
    why = decide.made_by_a_rollback(job.event, message or "")
    return _document("not rolled back", f"not rolled back: {why}", ExitCode.DONE, "", notes) if why else None


def _reply(wanted: Wanted, environment: Environment, done: Done, notes: list[str]) -> Reply:
    decisions = [{"host": host, "rolls_back": one.rolls_back, "why": one.why} for host, one in done.decisions.items()]
    more: dict[str, Any] = {"decisions": decisions}
    if done.rollback is None:
        code, verdict, says = _nothing(done)
        return _document(verdict, says, code, environment.name, notes, **more)
    run, verified = done.rollback, done.verify
    more |= {"rollback": run.document(), "run_id": run.body.get("run_id")}
    more |= {"verify": verified.document()} if verified else {}
    code = run.exit_code
    if code is ExitCode.DONE and verified is not None and verified.exit_code is not ExitCode.DONE:
        code = ExitCode.DEGRADED
    verdict = "pass" if code is ExitCode.DONE else "degraded" if code is ExitCode.DEGRADED else run.verdict
    says = "it can be rolled back" if wanted.dry_run and code is ExitCode.DONE else _SAYS.get(code, "")
    says = says or str(run.body.get("error") or f"the rollback ended with {int(code)}")
    more |= {"error": says, "remedy": run.body.get("remedy")} if code is not ExitCode.DONE else {}
    reply = _document(verdict, says, code, environment.name, notes, **more)

    def show(console: Console) -> None:
        for each in (run, *((verified,) if verified else ())):
            each.show(console)
        reply.show(console)

    return replace(reply, show=show, after=run.after)


def _nothing(done: Done) -> tuple[ExitCode, str, str]:
    if any(one.rolls_back is None for one in done.decisions.values()):
        return ExitCode.INCONCLUSIVE, "inconclusive", "not rolled back: a person must decide. fab status; fab diagnose"
    return ExitCode.DONE, "not rolled back", "there is nothing to roll back"


def _document(verdict: str, says: str, code: ExitCode, env: str, notes: list[str], **more: Any) -> Reply:
    from hummii_ops.tasks.deploys.ci import show

    empty: dict[str, Any] = {"decisions": [], "rollback": None, "verify": None, "run_id": None}
    body = {"environment": env, "says": says, "notes": notes} | empty | more
    reply = Reply(kind="ci-rollback", body=body, exit_code=code, verdict=verdict)
    return Reply(**(vars(reply) | {"show": lambda console: show(console, reply.document())}))


def _hand_back(job: jobs.Job, environment: Environment, reply: Reply, notes: list[str]) -> None:
    """The job's outputs, its annotations and its page."""
    document = reply.document()
    run = document.get("rollback") or {}
    outputs = {
        "verdict": reply.verdict,
        "run_id": str(document.get("run_id") or ""),
        "rolled_back_to": str(run["to"]["version"]) if _is_back(run) else "",
        "report": str(run.get("report") or ""),
    }
    page = {"environment": environment.name, "says": document.get("error", ""), "decisions": [], "notes": notes}
    job_told.hand_back(job, outputs, summary.page(page | document, jobs.cell), _warnings(document))


def _is_back(run: dict[str, Any]) -> bool:
    """Does the target run, whether or not all is well?"""
    return "to" in run and run["exit_code"] in (ExitCode.DONE, ExitCode.DEGRADED)


def _warnings(document: dict[str, Any]) -> Iterator[str]:
    """The worst first, and as many as GitHub shows; the task's own end is an error that comes after these."""
    measured = (document.get("verify") or {}).get("measurements", ())
    ill = [one for one in measured if one["critical"] and one["verdict"] in ("fail", "error")]
    ill.sort(key=lambda one: one["verdict"] != "fail")
    for one in ill[: jobs.MOST_ANNOTATIONS]:
        yield job_log.warning(f"{one['host']}: {one['name']}", printable(str(one["reason"])))
