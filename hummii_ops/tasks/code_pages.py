"""The tasks that go through the pages on which code goes back: deployment-failure, critical-bug, and
performance-degradation.

The pages decide; here are their hands: what asks people, what shows a run, and the looks over a fresh link.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

from hummii_ops.checks import Measurement
from hummii_ops.errors import HummiiError, UsageError
from hummii_ops.facts.choose import checked
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans.work import Options
from hummii_ops.run import preflight
from hummii_ops.scenarios import critical_bug as critical
from hummii_ops.scenarios import deployment_failure as failure
from hummii_ops.scenarios import performance_degradation as slow
from hummii_ops.scenarios.code_back import Ended, Told
from hummii_ops.scenarios.page import Page
from hummii_ops.tasks import looking, session
from hummii_ops.tasks.frame import Reply, afterwards, command, say
from hummii_ops.tasks.going_back import CodeWish, go_back
from hummii_ops.tasks.scenario_page import report, tell
from hummii_ops.tasks.session import Site
from hummii_ops.tasks.verify import keep

_SETTLE_S = 3
_HELP = {
    "to": "to this release (default: the last good one)",
    "declare": "a person's word that it is so, or a ticket: enough by itself",
    "despite": "roll back although it would not help, or nobody knows; why",
    "settle": "seconds for which everything must stay up and healthy (default: the inventory's)",
    "watch": "seconds for which performance is watched after the rollback (default 60)",
}


@dataclass(frozen=True, kw_only=True)
class SitesHands:
    """All hosts, as a page needs them."""

    sites: Sequence[Site]
    wish: CodeWish
    seen: list[looking.Seen] = field(default_factory=list)

    def snapshots(self) -> tuple[Snapshot, ...]:
        """What is true there, with nobody else at work. Raises Busy or Refused."""
        found = tuple(site.snapshot(needs_docker=True) for site in self.sites)
        for snapshot in found:
            preflight.check(snapshot)
        return found

    def last_words(self, snapshot: Snapshot) -> tuple[Any, ...]:
        """Of the containers that are not well."""
        from hummii_ops.checks import last_words
        from hummii_ops.scenarios.failure_point import ill

        site = next(site for site in self.sites if site.host.name == snapshot.host_name)
        return last_words.read(site.transport, ill(snapshot))

    def verify(self) -> tuple[Measurement, ...]:
        """The looks of `fab verify`, over links of their own: the run's may have been lost."""
        fresh = [replace(site, transport=site.place.connect()) for site in self.sites]
        self.seen[:] = [looking.see(site, settle_s=_SETTLE_S, left=Event()) for site in fresh]
        return tuple(self._named(each.site, one) for each in self.seen for one in each.measurements)

    def keep(self) -> None:
        """Mark what was seen last as good."""
        for each in self.seen:
            keep(each)

    def _named(self, site: Site, one: Measurement) -> Measurement:
        return one if len(self.sites) == 1 else replace(one, reason=f"{site.host.name}: {one.reason}")

    def diagnose(self) -> tuple[slow.Opinion, ...]:
        """What the table says, host by host."""
        from hummii_ops.tasks.diagnose import diagnosed

        return tuple(
            slow.Opinion(host=host, helps=advice.helps, because=advice.because, next_command=advice.next_command)
            for host, _, advice in (diagnosed(site) for site in self.sites)
        )

    def roll_back(self) -> Ended:
        """The rollback as `fab rollback` does it; its own page is shown before this one goes on."""
        reply = go_back(self.wish, self.sites)
        reply.show(say())
        afterwards(reply)
        return Ended(exit_code=reply.exit_code, document=reply.document())

    def channels(self) -> tuple[str, ...]:
        """Their names, as the inventory has them."""
        return tuple(self.sites[0].environment.told)


@command(failure.NAME, changes=True, help=_HELP)
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
    hands = _hands(failure.NAME, env, limit, to, dry_run, yes, reason or declare, settle)
    page = _page(failure.NAME, failure.TITLE, failure.BUDGET_MIN, hands)
    asked = failure.Asked(declare=declare, dry_run=dry_run)
    return _end(page, hands, failure.deployment_failure(page, hands, asked), dry_run=dry_run)


@command(critical.NAME, changes=True, help=_HELP)
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
    hands = _hands(critical.NAME, env, limit, to, dry_run, yes, reason or declare, settle)
    page = _page(critical.NAME, critical.TITLE, critical.BUDGET_MIN, hands)
    asked = critical.Asked(declare=declare, dry_run=dry_run)
    return _end(page, hands, critical.critical_bug(page, hands, asked, _is_critical), dry_run=dry_run)


@command(slow.NAME, changes=True, help=_HELP)
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
    hands = _hands(slow.NAME, env, limit, to, dry_run, yes, reason or despite, settle)
    page = _page(slow.NAME, slow.TITLE, slow.BUDGET_MIN, hands)
    asked = slow.Asked(despite=despite, dry_run=dry_run, watch_s=watch)
    return _end(page, hands, slow.performance_degradation(page, hands, asked), dry_run=dry_run)


def _hands(
    name: str, env: str | None, limit: str | None, to: str | None, dry_run: bool, yes: bool, reason: str, settle: int
) -> SitesHands:
    environment = session.choose(env)
    if to is not None:
        checked(to)
    if settle < -1:
        raise UsageError("--settle is seconds, from 0 up")
    if not dry_run:
        session.can_ask(yes=yes, what=name)
    options = Options(settle_s=None if settle < 0 else settle)
    wish = CodeWish(to=to, dry_run=dry_run, yes=yes, reason=reason, options=options)
    return SitesHands(sites=session.reach(environment, limit), wish=wish)


def _page(name: str, title: str, budget_min: tuple[int, int], hands: SitesHands) -> Page:
    people, first = say(), hands.sites[0]
    hosts = ", ".join(site.host.name for site in hands.sites)
    people.print(f"{title} · {first.environment.name} · {hosts}", style="bold", markup=False)
    return Page(name=name, title=title, budget_min=budget_min, tell=lambda stage: tell(people, stage))


def _end(page: Page, hands: SitesHands, told: Told, *, dry_run: bool) -> Reply:
    run = told.run.document if told.run else {}
    return report(page, hands.sites, told.exit_code, run, told.measurements, dry_run=dry_run)


def _is_critical(question: str) -> bool | None:
    """A person's answer; None where there is no terminal."""
    if not sys.stdin.isatty():
        return None
    try:
        session.confirm(question, yes=False, what=critical.NAME)
    except HummiiError:
        return False
    return True


ALL = (deployment_failure, critical_bug, performance_degradation)
