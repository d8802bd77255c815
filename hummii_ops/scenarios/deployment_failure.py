"""The page "Deployment Failure": the workflow failed, services do not start, health checks fail.

By hand: 10 to 15 minutes. Here the logs are gathered, the point of failure is named with the lines that show it, and
then code goes back; or it is said why it does not, and what to do by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hummii_ops.checks.last_words import LastWords
from hummii_ops.errors import Refused
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.scenarios import code_back
from hummii_ops.scenarios.code_back import Told
from hummii_ops.scenarios.failure_point import FailurePoint, failure_points, ill
from hummii_ops.scenarios.page import Page
from hummii_ops.transport import printable

NAME, TITLE, BUDGET_MIN = "deployment-failure", "Deployment Failure", (10, 15)
_BY_HAND = {
    "image": "if the release before cannot come back either: docker pull the image, and deploy again",
    "config": "mend the compose file or its variables: docker compose config says where",
    "start": "the whole of its log: fab evidence after the rollback keeps it",
    "migration": "the database may be half migrated: fab database-only",
    "health": "what its health check says stands above",
    "dependency": "look at what it cannot reach first: a rollback of code does not bring that back",
    "resources": "make room first (df -h, docker system df): a rollback needs room too",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the operator said. `declare`: that the deployment failed, although no look shows it."""

    declare: str = ""
    dry_run: bool = False


class Hands(code_back.Hands, Protocol):
    """As for every page that rolls code back; and a closer look at what is ill."""

    def snapshots(self) -> tuple[Snapshot, ...]: ...
    def last_words(self, snapshot: Snapshot) -> tuple[LastWords, ...]: ...


def deployment_failure(page: Page, hands: Hands, asked: Asked) -> Told:
    """The page from its top to its end. Raises Refused where nothing failed, and what the rollback raises."""
    points = identify_failure_point(page, hands, *check_deployment_logs(page, hands))
    if not points and not asked.declare:
        raise Refused(
            "no point of failure is to be seen, so nothing was rolled back",
            remedy='if the deployment failed all the same: add --declare="what failed"; or look on: fab critical-bug',
        )
    code_back.notified(page, hands)
    ended = code_back.execute(page, hands, dry_run=asked.dry_run)
    if asked.dry_run or not ended.went:
        return Told(exit_code=ended.exit_code, run=ended)
    return code_back.verified(page, hands, ended)


def check_deployment_logs(page: Page, hands: Hands) -> tuple[tuple[Snapshot, ...], tuple[tuple[LastWords, ...], ...]]:
    """What the containers that are not well said last, on every host."""
    snapshots = hands.snapshots()
    said = tuple(hands.last_words(snapshot) for snapshot in snapshots)
    lines = [
        printable(f"{snapshot.host_name}: {len(ill(snapshot))} of {len(snapshot.containers)} containers are not well")
        for snapshot in snapshots
    ]
    lines += [printable(f"{one.service}: {one.lines[-1]}") for words in said for one in words if one.lines]
    page.write("Check the deployment's logs", "pass", lines)
    return snapshots, said


def identify_failure_point(
    page: Page, hands: Hands, snapshots: Sequence[Snapshot], said: Sequence[tuple[LastWords, ...]]
) -> tuple[FailurePoint, ...]:
    """Named with the lines that show it, and with what is left for hands."""
    points = tuple(
        point for snapshot, words in zip(snapshots, said, strict=True) for point in failure_points(snapshot, words)
    )
    lines = [line for point in points for line in point.words()]
    lines += [f"by hand: {_BY_HAND[kind]}" for kind in dict.fromkeys(point.kind for point in points)]
    page.write("Identify the failure point", "fail" if points else "inconclusive", lines or ["none is to be seen"])
    return points
