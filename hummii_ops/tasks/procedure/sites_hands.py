"""The hands of a page on which code goes back: all hosts, and what only the room of the tasks can do with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hummii_ops.checks import Measurement
from hummii_ops.checks.logs.deploy_output import DeployOutput
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.run import preflight
from hummii_ops.scenarios import performance_degradation as slow
from hummii_ops.scenarios.code_back import Ended
from hummii_ops.tasks.call.said import say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.call.way_out import afterwards
from hummii_ops.tasks.code.going_back import CodeWish, go_back
from hummii_ops.tasks.health.fresh_looks import FreshLooks


@dataclass(frozen=True, kw_only=True)
class SitesHands:
    """All hosts, as a page needs them."""

    sites: Sequence[Site]
    wish: CodeWish
    looks: FreshLooks

    def snapshots(self) -> tuple[Snapshot, ...]:
        """What is true there, with nobody else at work. Raises Busy or Refused."""
        found = tuple(site.snapshot(needs_docker=True) for site in self.sites)
        for snapshot in found:
            preflight.check(snapshot)
        return found

    def last_words(self, snapshot: Snapshot) -> tuple[Any, ...]:
        """Of the containers that are not well."""
        from hummii_ops.checks.logs import last_words
        from hummii_ops.scenarios.failure_point import ill

        return last_words.read(self._site(snapshot).transport, ill(snapshot))

    def deploy_output(self, snapshot: Snapshot) -> DeployOutput | None:
        """Of the last deploy there."""
        from hummii_ops.checks.logs import deploy_output

        site = self._site(snapshot)
        return deploy_output.read(site.transport, site.environment, site.home)

    def verify(self, *, flows: bool = True) -> tuple[Measurement, ...]:
        """The looks of `fab verify`."""
        return self.looks.verify(flows=flows)

    def keep(self) -> None:
        """Mark what was seen last as good."""
        self.looks.keep()

    def diagnose(self) -> tuple[slow.Opinion, ...]:
        """What the table says, host by host; the looks before have played the flows, if they were to be played."""
        from hummii_ops.tasks.health.diagnose import diagnosed

        flows = {each.site.host.name: each.measurements for each in self.looks.seen}
        return tuple(
            slow.Opinion(host=host, helps=advice.helps, because=advice.because, next_command=advice.next_command)
            for host, _, advice in (diagnosed(site, flows.get(site.host.name, ())) for site in self.sites)
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

    def _site(self, snapshot: Snapshot) -> Site:
        return next(site for site in self.sites if site.host.name == snapshot.host_name)
