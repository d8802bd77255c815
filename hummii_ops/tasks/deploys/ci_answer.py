"""The answer of a CI job to a deploy that failed: decided host by host, rolled back as by fab rollback, verified."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hummii_ops.ci.decide import FAILED, Decision, Deploy, Running, answered_by, decide, target
from hummii_ops.errors import Busy, ExitCode, HummiiError, Inconclusive
from hummii_ops.facts.restore_points.releases import running_identity
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans.before import version_of
from hummii_ops.plans.rollback import Options
from hummii_ops.tasks.call.frame import ask, of_error
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.code.going_back import CodeWish, go_back
from hummii_ops.tasks.health.verify import verify

_POLL_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was asked for, checked."""

    deploy: Deploy
    by_hand: bool
    to: str | None
    wait_s: int
    settle_s: int | None
    dry_run: bool
    yes: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of it: the decision for each host, the rollback's reply, and that of the look afterwards."""

    decisions: dict[str, Decision]
    rollback: Reply | None = None
    verify: Reply | None = None


def decided(wanted: Wanted, sites: tuple[Site, ...], begins: Callable[[], None]) -> Done:
    """Decide for each host, and roll back those that need it; none, if of one it cannot be told.

    `begins` is called when a rollback does.
    """
    judged = {} if wanted.by_hand else {site.host.name: _after_deploy(wanted, site) for site in sites}
    if wanted.by_hand:
        decisions = {site.host.name: Decision(rolls_back=True, why="a person asks for it") for site in sites}
    else:
        decisions = {site.host.name: _decision(wanted, site, judged[site.host.name]) for site in sites}
    chosen = [site for site in sites if decisions[site.host.name].rolls_back]
    if not chosen or any(one.rolls_back is None for one in decisions.values()):
        return Done(decisions=decisions)
    if not wanted.dry_run:
        begins()
    reply = _rolled_back(wanted, chosen, wanted.to or target(decisions.values()) or None, judged)
    if wanted.dry_run or reply.exit_code not in (ExitCode.DONE, ExitCode.DEGRADED, ExitCode.RESTORED):
        return Done(decisions=decisions, rollback=reply)
    return Done(decisions=decisions, rollback=reply, verify=_verified(chosen))


def _decision(wanted: Wanted, site: Site, snapshot: Snapshot) -> Decision:
    runs = Running(identity=running_identity(snapshot), version=version_of(snapshot, site.environment.version_service))
    return decide(wanted.deploy, runs, snapshot)


def _after_deploy(wanted: Wanted, site: Site) -> Snapshot:
    """What is true there; a deploy that is still at work is waited for: it may yet touch the server."""
    deploy, deadline = wanted.deploy, time.monotonic() + wanted.wait_s
    asks = deploy.result in FAILED and deploy.touched != "false"
    while True:
        snapshot = site.after_deploy(needs_docker=True)
        last = snapshot.deploy
        if last is None or last.state != "running" or not asks:
            return snapshot
        if time.monotonic() >= deadline:
            raise Busy(
                f"{site.host.name}: the deploy is still at work ({last.run})",
                remedy="wait for it: --wait=SECONDS; then the same again",
                run_id=last.run,
            )
        time.sleep(_POLL_S)


def _rolled_back(wanted: Wanted, sites: list[Site], to: str | None, judged: Mapping[str, Snapshot]) -> Reply:
    """The rollback as fab rollback does it; what it could not do is a reply too."""
    deploy = wanted.deploy
    said = f"automatic: the deploy of {deploy.version or deploy.commit[:12]} ended with {deploy.result}"
    wish = CodeWish(
        to=to,
        dry_run=wanted.dry_run,
        yes=wanted.yes,
        reason=wanted.reason or ("by hand, in a CI job" if wanted.by_hand else said),
        wait_s=wanted.wait_s,
        options=Options(settle_s=wanted.settle_s),
        commit="" if wanted.by_hand else wanted.deploy.commit,
        allowed=lambda now: None if wanted.by_hand else _as_decided(wanted, judged[now.host_name], now),
    )
    try:
        return go_back(wish, sites)
    except HummiiError as error:
        return of_error(error)


def _as_decided(wanted: Wanted, judged: Snapshot, now: Snapshot) -> None:
    """Looked at again on what the plan is made from: while we waited, another job or a person may have been quicker."""
    if run := answered_by(now, wanted.deploy.commit):
        raise Inconclusive(
            f"{now.host_name}: {run} has just rolled this commit back; once is enough for a commit",
            remedy="fab status",
            run_id=run,
        )
    if _containers(now) != _containers(judged):
        raise Inconclusive(
            f"{now.host_name}: other containers run than when it was decided; what may be the fix is not rolled back",
            remedy="fab status; the same again decides anew",
        )


def _containers(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(one.id for one in snapshot.containers if not one.one_off)


def _verified(sites: list[Site]) -> Reply:
    names = ",".join(site.host.name for site in sites)
    try:
        return ask(verify, env=sites[0].environment.name, limit=names)
    except HummiiError as error:
        return of_error(error)
