"""The tasks that go through the pages on which code goes back: deployment-failure, critical-bug, and
performance-degradation.

The pages decide; here are their hands: what asks people, what shows a run, and the looks over a fresh link.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

from hummii_ops.errors import ExitCode, HummiiError, UsageError
from hummii_ops.facts.restore_points.choose import checked
from hummii_ops.plans.work import Options
from hummii_ops.scenarios import critical_bug as critical
from hummii_ops.scenarios import deployment_failure as failure
from hummii_ops.scenarios import performance_degradation as slow
from hummii_ops.scenarios.code_back import Told
from hummii_ops.scenarios.page import Page
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.code.going_back import CodeWish
from hummii_ops.tasks.health.fresh_looks import FreshLooks
from hummii_ops.tasks.procedure.scenario_page import report, tell
from hummii_ops.tasks.procedure.sites_hands import SitesHands
from hummii_ops.tasks.reply.told import tell_ill_again

_HELP = {
    "to": "to this release (default: the last good one)",
    "declare": "a person's word that it is so, or a ticket: enough by itself",
    "despite": "roll back although it would not help, or nobody knows; why",
    "settle": "seconds for which everything must stay up and healthy (default: the inventory's)",
    "watch": "seconds for which performance is watched after the rollback",
}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """The flags that all three pages have. `settle_s` -1: as the inventory says."""

    to: str | None
    dry_run: bool
    yes: bool
    reason: str
    settle_s: int
    limit: str | None
    env: str | None


@command(failure.NAME, changes=True, help=_HELP, formats=FORMATS_OF_A_RUN)
def deployment_failure(
    _context: Any,
    to: str | None = None,
    declare: str = "",
    dry_run: bool = False,
    yes: bool = False,
    reason: str = "",
    settle: int = -1,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """A deploy failed: where, with the lines that show it; the rollback, and is all well again?"""
    wish = Wish(to=to, dry_run=dry_run, yes=yes, reason=reason or declare, settle_s=settle, limit=limit, env=env)
    hands = _hands(failure.NAME, wish)
    page = _page(failure.NAME, failure.TITLE, failure.BUDGET_MIN, hands)
    asked = failure.Asked(declare=declare, dry_run=dry_run)
    return _end(page, hands, failure.deployment_failure(page, hands, asked), dry_run=dry_run)


@command(critical.NAME, changes=True, help=_HELP, formats=FORMATS_OF_A_RUN)
def critical_bug(
    _context: Any,
    to: str | None = None,
    declare: str = "",
    dry_run: bool = False,
    yes: bool = False,
    reason: str = "",
    settle: int = -1,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """The new version has a bug: is it critical, by looks or by your word; the rollback, and is all well again?"""
    wish = Wish(to=to, dry_run=dry_run, yes=yes, reason=reason or declare, settle_s=settle, limit=limit, env=env)
    hands = _hands(critical.NAME, wish)
    page = _page(critical.NAME, critical.TITLE, critical.BUDGET_MIN, hands)
    asked = critical.Asked(declare=declare, dry_run=dry_run)
    ask = partial(_is_critical, may_ask=not (yes or dry_run))
    return _end(page, hands, critical.critical_bug(page, hands, asked, ask), dry_run=dry_run)


@command(slow.NAME, changes=True, help=_HELP, formats=FORMATS_OF_A_RUN)
def performance_degradation(
    _context: Any,
    to: str | None = None,
    despite: str = "",
    watch: int = 60,
    dry_run: bool = False,
    yes: bool = False,
    reason: str = "",
    settle: int = -1,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """The new version is slow: would a rollback help; only then the rollback, and did it help?"""
    if not 0 <= watch <= 86_400:
        raise UsageError("--watch is 0 to 86400 seconds")
    wish = Wish(to=to, dry_run=dry_run, yes=yes, reason=reason or despite, settle_s=settle, limit=limit, env=env)
    hands = _hands(slow.NAME, wish)
    page = _page(slow.NAME, slow.TITLE, slow.BUDGET_MIN, hands)
    asked = slow.Asked(despite=despite, dry_run=dry_run, watch_s=watch)
    return _end(page, hands, slow.performance_degradation(page, hands, asked), dry_run=dry_run)


def _hands(name: str, wish: Wish) -> SitesHands:
    environment = session.choose(wish.env)
    if wish.to is not None:
        checked(wish.to)
    if wish.settle_s < -1:
        raise UsageError("--settle is seconds, from 0 up")
    if not wish.dry_run:
        session.can_ask(yes=wish.yes, what=name)
    options = Options(settle_s=None if wish.settle_s < 0 else wish.settle_s)
    code = CodeWish(to=wish.to, dry_run=wish.dry_run, yes=wish.yes, reason=wish.reason, options=options, scenario=name)
    sites = session.reach(environment, wish.limit)
    return SitesHands(sites=sites, wish=code, looks=FreshLooks(sites=sites))


def _page(name: str, title: str, budget_min: tuple[int, int], hands: SitesHands) -> Page:
    people, first = say(), hands.sites[0]
    hosts = ", ".join(site.host.name for site in hands.sites)
    people.print(f"{title} · {first.environment.name} · {hosts}", style="bold", markup=False)
    return Page(name=name, title=title, budget_min=budget_min, tell=lambda stage: tell(people, stage))


def _end(page: Page, hands: SitesHands, told: Told, *, dry_run: bool) -> Reply:
    run = told.run.document if told.run else {}
    hosts = ", ".join(site.host.name for site in hands.sites)
    rows = [one.as_json(host=each.site.host.name) for each in hands.looks.seen for one in each.measurements]
    rows = (rows or [one.as_json(host=hosts) for one in told.measurements]) if told.measurements else []
    hands.looks.close()
    ill = [one.name for one in told.measurements if one.critical and one.verdict == "fail"]
    if ill and told.run is not None and told.run.exit_code is ExitCode.DONE:
        tell_ill_again(hands.sites[0].environment, str(run["run_id"]), ill)
    return report(page, hands.sites, told.exit_code, run, rows, dry_run=dry_run)


def _is_critical(question: str, *, may_ask: bool) -> bool | None:
    """A person's answer; None where there is nobody to ask."""
    if not may_ask or not sys.stdin.isatty():
        return None
    try:
        session.confirm(question, yes=False, what=critical.NAME)
    except HummiiError:
        return False
    return True


ALL = (deployment_failure, critical_bug, performance_degradation)
