"""The page "Deployment Failure": the workflow failed, services do not start, health checks fail.

By hand: 10 to 15 minutes. Here the logs are gathered, the point of failure is named with the lines that show it, and
then code goes back; or it is said why it does not, and what to do by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from hummii_ops.checks.logs.deploy_output import DeployOutput
from hummii_ops.checks.logs.last_words import LastWords
from hummii_ops.errors import Refused
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.scenarios import code_back
from hummii_ops.scenarios.code_back import Told
from hummii_ops.scenarios.failure_point import FailurePoint, failure_points, ill, is_of_what_runs, of_deploy
from hummii_ops.scenarios.page import Page
from hummii_ops.transport import printable

NAME, TITLE, BUDGET_MIN = "deployment-failure", "Deployment Failure", (10, 15)
_LAST = 3
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


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Of one host. `output` None: no deploy left any there."""

    snapshot: Snapshot
    words: tuple[LastWords, ...]
    output: DeployOutput | None


class Hands(code_back.Hands, Protocol):
    """As for every page that rolls code back; and a closer look at what is ill."""

    def snapshots(self) -> tuple[Snapshot, ...]: ...
    def last_words(self, snapshot: Snapshot) -> tuple[LastWords, ...]: ...
    def deploy_output(self, snapshot: Snapshot) -> DeployOutput | None: ...


def deployment_failure(page: Page, hands: Hands, asked: Asked) -> Told:
    """The page from its top to its end. Raises Refused where nothing failed, and what the rollback raises."""
    gathered = check_deployment_logs(page, hands)
    points = identify_failure_point(page, gathered)
    if not points and not asked.declare:
        raise nothing_failed([one.snapshot for one in gathered])
    code_back.notified(page, hands)
    ended = code_back.execute(page, hands, dry_run=asked.dry_run)
    if asked.dry_run or not ended.went:
        return Told(exit_code=ended.exit_code, run=ended)
    return code_back.verified(page, hands, ended)


def check_deployment_logs(page: Page, hands: Hands) -> tuple[Gathered, ...]:
    """What the deploy said, and what the containers that are not well said last, on every host."""
    gathered = tuple(
        Gathered(snapshot=snapshot, words=hands.last_words(snapshot), output=hands.deploy_output(snapshot))
        for snapshot in hands.snapshots()
    )
    page.write("Check the deployment's logs", "pass", [line for one in gathered for line in _said(one)])
    return gathered


def _said(one: Gathered) -> Iterator[str]:
    containers = one.snapshot.containers
    yield printable(f"{one.snapshot.host_name}: {len(ill(one.snapshot))} of {len(containers)} containers are not well")
    if one.output is None:
        yield "no output of a deploy is kept there (hummii-host with-lease keeps it; or deploy_log in the inventory)"
    else:
        code = "" if one.output.exit_code is None else f", which ended with {one.output.exit_code}"
        old = "" if is_of_what_runs(one.snapshot, one.output) else ": older than what runs, so it shows nothing"
        yield printable(
            f"the last deploy's output, of {one.output.at:%Y-%m-%d %H:%M} UTC{code}: {one.output.file}{old}"
        )
        yield from (printable(f"deploy: {line}") for line in one.output.lines[-_LAST:])
    yield from (printable(f"{each.service}: {each.lines[-1]}") for each in one.words if each.lines)


def nothing_failed(snapshots: Sequence[Snapshot]) -> Refused:
    """Why nothing is rolled back; a service that is still starting may fail yet."""
    declare = 'if the deployment failed all the same: add --declare="what failed"'
    starting = sorted({one.service for each in snapshots for one in each.containers if one.health == "starting"})
    if starting:
        return Refused(
            f"no point of failure is to be seen yet ({', '.join(starting)}: still starting): nothing was rolled back",
            remedy=f"the same again in half a minute; {declare}",
        )
    return Refused(
        "no point of failure is to be seen, so nothing was rolled back",
        remedy=f"{declare}; or look on: fab critical-bug",
    )


def identify_failure_point(page: Page, gathered: Sequence[Gathered]) -> tuple[FailurePoint, ...]:
    """Named with the lines that show it, and with what is left for hands."""
    points = tuple(point for one in gathered for point in _points(one))
    lines = [line for point in points for line in point.words()]
    lines += [f"by hand: {_BY_HAND[kind]}" for kind in dict.fromkeys(point.kind for point in points)]
    page.write("Identify the failure point", "fail" if points else "inconclusive", lines or ["none is to be seen"])
    return points


def _points(one: Gathered) -> Iterator[FailurePoint]:
    """The deploy's own words come first: what it could not do is why a container is not well."""
    found = failure_points(one.snapshot, one.words)
    said = of_deploy(one.output) if one.output and is_of_what_runs(one.snapshot, one.output) else None
    # A script that ended well, or of which nobody knows, may have said harmless things.
    if said is not None and ((one.output and one.output.exit_code) or found):
        yield said
    yield from found
