"""fab predeploy: may this commit be deployed? Gates with verdicts, of what others measured.

Changes nothing on any server. A waiver is written down with its reason, here and in the document.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from hummii_ops.checks import exit_code_of
from hummii_ops.checks.verdict import Verdict
from hummii_ops.errors import Refused, UsageError
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.flags import check_reason
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.health.verify_page import SIGNS
from hummii_ops.transport.text import printable

if TYPE_CHECKING:
    from hummii_ops.inventory.predeploy import Waiver
    from hummii_ops.predeploy.gate import Gate

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HELP = {
    "sha": "the commit that will be deployed, all of it (default: $GITHUB_SHA)",
    "image": "its image: a digest (sha256:… or repository@sha256:…) or an image id; staging must have run it",
    "audit": "reports of security audits, separated by commas: SARIF, npm audit, pip-audit, Trivy, each as JSON",
    "performance": "a k6 summary, or a baseline of ours, of this commit",
    "performance_before": "the same, of what runs now: compared by statistics",
    "staging": "evidence of staging, from fab staging-evidence",
    "wait": "seconds to wait for tests that are not over",
    "waive": "gates that need not pass today, separated by commas; needs --reason",
}


@command("predeploy", help=_HELP)
def predeploy(
    _context: Any,
    sha: str = "",
    image: str | None = None,
    audit: str = "",
    performance: str | None = None,
    performance_before: str | None = None,
    staging: str | None = None,
    wait: int = 0,
    waive: str = "",
    reason: str = "",
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """May this commit be deployed: tests, security, performance, staging, and could it be rolled back?"""
    from hummii_ops.predeploy.gate import verdict_of, waived
    from hummii_ops.tasks.deploys.predeploy_gates import Asked, gates
    from hummii_ops.tasks.deploys.predeploy_told import hand_back

    commit = commit_of(sha)
    if not 0 <= wait <= 86_400:
        raise UsageError("--wait is 0 to 86400 seconds")
    environment, now = session.choose(env), datetime.now(UTC)
    given = list(_waivers(waive, reason, now))
    asked = Asked(
        sha=commit,
        image=image or None,
        audits=tuple(Path(name) for name in audit.split(",") if name.strip()),
        performance=_file(performance),
        before=_file(performance_before),
        staging=_file(staging),
        wait_s=wait,
        now=now,
    )
    found = waived(gates(environment, asked), environment.predeploy.waivers, given, today=now.date())
    verdict = verdict_of(found)
    body = {
        "environment": environment.name,
        "sha": commit,
        "image": image or None,
        "at": now.isoformat(timespec="seconds"),
        "who": session.who(),
        "gates": [gate.as_json() for gate in found],
    }
    reply = Reply(
        kind="predeploy",
        body=body,
        exit_code=exit_code_of(verdict),
        verdict=verdict,
        show=lambda console: _show(console, found, verdict, commit),
    )
    _keep(reply, found)
    hand_back(reply)
    return reply


def commit_of(sha: str) -> str:
    """The commit that is meant, all of it. Raises UsageError."""
    commit = (sha or os.environ.get("GITHUB_SHA", "")).lower()
    if not _SHA.fullmatch(commit):
        raise UsageError("--sha is the whole commit: 40 hexadecimal digits", remedy="git rev-parse HEAD")
    return commit


def _file(name: str | None) -> Path | None:
    return Path(name) if name else None


def _waivers(waive: str, reason: str, now: datetime) -> Iterator[Waiver]:
    """What was waived on the command line: for today."""
    from hummii_ops.inventory.predeploy import GATES, Waiver

    for name in filter(None, map(str.strip, waive.split(","))):
        gate = next((one for one in GATES if one == name), None)
        if gate is None:
            raise UsageError(f"--waive: there is no gate {name!r:.60}", remedy=f"the gates: {', '.join(GATES)}")
        if not reason.strip():
            raise UsageError("--waive needs a reason", remedy='--reason="…"')
        check_reason(reason)
        yield Waiver(gate=gate, reason=f"{reason} ({session.who()})", until=now.date())


def _keep(reply: Reply, gates: list[Gate]) -> None:
    """Beside the runs, where a waiver can be found again. Raises Refused: what is not written down is not waived."""
    if not any(one.waived for one in gates):
        return
    folder = session.runs_dir().parent / "predeploy"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{reply.body['at'].replace(':', '')}-{reply.body['sha'][:12]}.json"
        (folder / name).write_text(json.dumps(reply.document(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused(f"the waiver cannot be written down: {error}", remedy=f"make {folder} writable") from error


def _show(console: Console, gates: list[Gate], verdict: Verdict, sha: str) -> None:
    for gate in gates:
        sign = SIGNS[gate.verdict] if gate.waived is None else "~"
        console.print(f"{sign} {gate.name:<12}", end="")
        console.print(printable(gate.reason), markup=False)
        for line in gate.details:
            console.print(f"    {line}", style="dim", markup=False)
        if gate.waived:
            console.print(printable(f"    waived: {gate.waived}"), style="yellow", markup=False)
    said = {"pass": "may be deployed", "fail": "must not be deployed"}.get(verdict, "is not known to be ready")
    console.print(f"{verdict}: {sha[:12]} {said}", style="bold", markup=False)


ALL = (predeploy,)
