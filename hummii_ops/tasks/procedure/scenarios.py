"""The tasks that go through a page of the procedure: fab database-only.

The page decides; here are its hands: what asks people, what shows a run, and the report at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hummii_ops.checks import Measurement
from hummii_ops.errors import UsageError
from hummii_ops.facts.database.choose_backup import checked
from hummii_ops.facts.database.read_backups import database_of
from hummii_ops.facts.restore_points.choose import checked as checked_release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans.work import Options
from hummii_ops.run import preflight
from hummii_ops.scenarios import database_only as scenario
from hummii_ops.scenarios.code_back import Ended
from hummii_ops.scenarios.page import Page
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.call.way_out import afterwards
from hummii_ops.tasks.database.both_plans import Wish, one_site
from hummii_ops.tasks.database.bring_back import bring_back
from hummii_ops.tasks.health.fresh_looks import FreshLooks
from hummii_ops.tasks.procedure.scenario_page import report, tell
from hummii_ops.transport import Transport

_HELP = {
    "backup": "a path, a name, a timestamp, or latest (the default): the newest that passes all checks",
    "to": "the release that the code moves to as well (default: the last good one, if what runs would migrate again)",
    "settle": "seconds for which everything must stay up and healthy (default: the inventory's)",
}


@dataclass(frozen=True, kw_only=True)
class SiteHands:
    """One host, as a page needs it."""

    site: Site
    wish: Wish
    looks: FreshLooks

    @property
    def environment(self) -> Environment:
        return self.site.environment

    @property
    def transport(self) -> Transport:
        return self.site.transport

    def snapshot(self) -> Snapshot:
        """What is true there, with nobody else at work. Raises Busy or Refused."""
        seen = self.site.snapshot(needs_docker=True)
        preflight.check(seen)
        return seen

    def bring_back(self, *, to: str | None, latest: bool) -> Ended:
        """The rollback as `fab rollback-db` does it; its own page is shown before this one goes on."""
        reply = bring_back(replace(self.wish, to=to, latest=latest), [self.site])
        reply.show(say())
        afterwards(reply)
        return Ended(exit_code=reply.exit_code, document=reply.document())

    def verify(self) -> tuple[Measurement, ...]:
        """The looks of `fab verify`."""
        return self.looks.verify()

    def keep(self) -> None:
        """Mark what was seen last as good."""
        self.looks.keep()


@command("database-only", changes=True, help=_HELP, formats=FORMATS_OF_A_RUN)
def database_only(
    _context: Any,
    backup: str = "latest",
    to: str | None = None,
    dry_run: bool = False,
    yes: bool = False,
    reason: str = "",
    settle: int = -1,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """A migration broke production: what it did, the backup and what it loses, the rollback, and is all well again?"""
    environment = session.choose(env)
    database_of(environment)
    checked(backup)
    if to is not None:
        checked_release(to)
    if settle < -1:
        raise UsageError("--settle is seconds, from 0 up")
    if yes and not reason:
        raise UsageError("--yes stands for the typed name only with a reason", remedy='add --reason="…"')
    if not dry_run:
        session.can_ask(yes=yes, what=scenario.NAME)
    options = Options(settle_s=None if settle < 0 else settle)
    wish = Wish(backup=backup, to=to, dry_run=dry_run, yes=yes, reason=reason, options=options, scenario=scenario.NAME)
    site = one_site(session.reach(environment, limit))
    hands = SiteHands(site=site, wish=wish, looks=FreshLooks(sites=[site]))
    people = say()
    people.print(f"{scenario.TITLE} · {environment.name} · {hands.site.host.name}", style="bold", markup=False)
    page = Page(
        name=scenario.NAME, title=scenario.TITLE, budget_min=scenario.BUDGET_MIN, tell=lambda stage: tell(people, stage)
    )
    asked = scenario.Asked(backup=backup, to=to, dry_run=dry_run)
    told = scenario.database_only(page, hands, asked)
    hands.looks.close()
    rows = [one.as_json(host=site.host.name) for one in told.measurements]
    return report(page, [site], told.exit_code, told.run.document if told.run else {}, rows, dry_run=dry_run)


ALL = (database_only,)
