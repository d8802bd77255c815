"""The page "Critical Bug in New Version": errors after a deploy, user reports, high error rates.

By hand: 15 to 30 minutes, of which most are for finding out whether it is critical. Here looks decide by the
inventory's limits, or a person's word does; then one rollback, looked at again, and the evidence is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hummii_ops.checks import Measurement
from hummii_ops.errors import Declined, ExitCode, Inconclusive, Refused
from hummii_ops.scenarios import code_back
from hummii_ops.scenarios.code_back import Ended, Hands, Told
from hummii_ops.scenarios.page import Page
from hummii_ops.transport import printable

NAME, TITLE, BUDGET_MIN = "critical-bug", "Critical Bug in New Version", (15, 30)

Critical = Literal["yes", "no", "unknown"]
# Of our own books, not of customers: who is at work, what was marked or recorded before.
_NOT_THE_BUG = ("quiet", "release.mark", "images.recorded", "before")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the operator said. `declare`: a person's word that it is critical; enough by itself."""

    declare: str = ""
    dry_run: bool = False


def critical_bug(page: Page, hands: Hands, asked: Asked, is_critical: Callable[[str], bool | None]) -> Told:
    """The page from its top to its end.

    `is_critical` asks a person; None: there is nobody to ask. Raises Inconclusive, Refused or Declined where nothing
    was begun, and what the rollback raises.
    """
    verify_issue_is_critical(page, hands, asked, is_critical)
    code_back.notified(page, hands)
    ended = code_back.execute(page, hands, dry_run=asked.dry_run)
    if asked.dry_run or not ended.went:
        return Told(exit_code=ended.exit_code, run=ended)
    told = code_back.verified(page, hands, ended)
    investigate(page, ended)
    return told


def verify_issue_is_critical(page: Page, hands: Hands, asked: Asked, is_critical: Callable[[str], bool | None]) -> None:
    """Measured, or declared; where neither is enough, a person is asked."""
    # A person's word is enough: nobody waits for flows that hang.
    flows = not (asked.declare or asked.dry_run)
    critical, why = judge(hands.verify(flows=flows), asked.declare)
    if asked.dry_run and critical == "no":
        critical, why = "unknown", [*why, code_back.NOT_PLAYED]
    page.write("Verify that the issue is critical", _VERDICTS[critical], why)
    if critical == "yes":
        return
    if critical == "no":
        raise Refused(
            "no look finds a critical bug, so nothing was rolled back",
            remedy='if users report one, say so, and it is enough: add --declare="what they report"',
        )
    answer = is_critical("What could be looked at does not decide it. Is it critical?")
    if answer is None:
        raise Inconclusive(
            "what could be looked at does not decide whether it is critical; nothing was rolled back",
            remedy='by your word: add --declare="what is reported, or a ticket"; or look again: fab verify',
        )
    if not answer:
        raise Declined("it is not critical, by your word; nothing was rolled back")


_VERDICTS: dict[Critical, Literal["fail", "pass", "inconclusive"]] = {
    "yes": "fail",
    "no": "pass",
    "unknown": "inconclusive",
}


def judge(seen: Sequence[Measurement], declare: str) -> tuple[Critical, list[str]]:
    """Is it critical, and the lines that say why. A person's word is never vetoed by a look."""
    looks = [one for one in seen if one.critical and not one.name.startswith(_NOT_THE_BUG)]
    failed = [one for one in looks if one.verdict == "fail"]
    unknown = [one for one in looks if one.verdict in ("inconclusive", "error")]
    lines = [printable(f"{one.name}: {one.reason}") for one in (*failed, *unknown)]
    if declare:
        return "yes", [printable(f"declared: {declare}"), *(lines or ["no look finds it by itself"])]
    if failed:
        return "yes", [*lines, f"{len(failed)} of {len(looks)} looks are over the inventory's limits"]
    if unknown or not looks:
        return "unknown", lines or ["nothing could be looked at"]
    return "no", [f"all {len(looks)} looks are within the inventory's limits"]


def investigate(page: Page, ended: Ended) -> None:
    """Nothing of what the release left behind is lost: it was kept before it was replaced."""
    run = ended.document.get("run_id")
    page.write(
        "Investigate the issue",
        "pass" if ended.exit_code is ExitCode.DONE else "inconclusive",
        [
            printable(f"logs, states and health outputs from before: fab evidence --run={run}"),
            printable(f"what is left to do, with dates: fab followups --run={run}"),
            "deploys are held until someone lifts it: fab unhold",
        ],
    )
