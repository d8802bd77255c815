"""fab ci.rollback: in a CI job after a deploy that failed: is it rolled back, the rollback, and is all well again?

The same rollback as fab rollback, with its lease and its exit codes. What GitHub is told can neither stop nor delay it.
"""

from __future__ import annotations

import os
import re
from typing import Any

from invoke.collection import Collection
from rich.console import Console

from hummii_ops.errors import UsageError
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}")
_HELP = {
    "result": "how the deploy's job ended: failure, cancelled, success or skipped",
    "touched": "did the deploy change the server: true, false, unknown, or auto: the deploy guard is asked",
    "deploy_run": "the guarded deploy's run, from its result (default: the last of that version)",
    "version": "the version that was deployed",
    "sha": "the commit that was deployed, all of it: it is rolled back by itself once (default: $GITHUB_SHA)",
    "release_before": "what ran before: a version, or an identity; for a host without the deploy guard",
    "by_hand": "a person asks: no conditions, and not counted",
    "to": "to this release (default: what the guard recorded before the deploy, else the last good one)",
    "settle": "seconds for which everything must stay up and healthy (default: the inventory's)",
}


@command("rollback", changes=True, help=_HELP, formats=FORMATS_OF_A_RUN)
def rollback(
    _context: Any,
    result: str = "failure",
    touched: str = "auto",
    deploy_run: str = "",
    version: str = "",
    sha: str = "",
    release_before: str = "",
    by_hand: bool = False,
    to: str | None = None,
    dry_run: bool = False,
    yes: bool = False,
    reason: str = "",
    wait: int = 0,
    settle: int = -1,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """After a deploy that failed, in a CI job: roll back if it had touched the server; verify; tell GitHub."""
    from hummii_ops.ci.decide import RESULTS, TOUCHED, Deploy
    from hummii_ops.github.job import job_of
    from hummii_ops.tasks.deploys.ci_answer import Wanted, decided
    from hummii_ops.tasks.deploys.ci_told import told

    if result not in RESULTS or touched not in TOUCHED:
        raise UsageError(f"--result is one of {', '.join(RESULTS)}; --touched one of {', '.join(TOUCHED)}")
    commit = (sha or os.environ.get("GITHUB_SHA", "")).lower()
    if commit and not _SHA.fullmatch(commit):
        raise UsageError("--sha is the whole commit: 40 hexadecimal digits")
    if not commit and not by_hand:
        raise UsageError("--sha is needed: a commit is rolled back by itself once", remedy="or --by-hand")
    for flag, name in {"--version": version, "--deploy-run": deploy_run, "--release-before": release_before}.items():
        if name and not _NAME.fullmatch(name):
            raise UsageError(f"{flag}: letters, digits and . _ : + - (at most 128, a letter or digit first)")
    if wait < 0 or settle < -1:
        raise UsageError("--wait and --settle are seconds, from 0 up")
    if not dry_run:
        session.can_ask(yes=yes, what="ci.rollback")
    deploy = Deploy(
        result=result,
        touched=touched,
        run=deploy_run,
        version=version,
        commit=commit,
        release_before=release_before,
        job=job_of(os.environ).run_url,
    )
    wanted = Wanted(
        deploy=deploy,
        by_hand=by_hand,
        to=to or None,
        wait_s=wait,
        settle_s=None if settle < 0 else settle,
        dry_run=dry_run,
        yes=yes,
        reason=reason,
    )
    environment = session.choose(env)
    return told(wanted, environment, lambda note: decided(wanted, session.reach(environment, limit), note))


def show(console: Console, document: dict[str, Any]) -> None:
    """The page for people, after the rollback's own."""
    for one in document["decisions"]:
        console.print(f"{one['host']}: {one['why']}", markup=False)
    for note in document["notes"]:
        console.print(f"note: {note}", style="yellow", markup=False)
    console.print(f"{document['verdict']}: {document['says']}", style="bold", markup=False)


namespace = Collection("ci", rollback)
