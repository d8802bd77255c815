"""The looks of `fab verify` as a page takes them: over links of their own, since a run's may have been lost.

Never closes a link while the mark of what was seen last may still be written over it: `close` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from hummii_ops.checks import Measurement
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.health import looking
from hummii_ops.tasks.health.verify import keep

_SETTLE_S = 3


@dataclass(frozen=True, kw_only=True)
class FreshLooks:
    """Of these hosts; `seen` is what was seen last."""

    sites: Sequence[Site]
    seen: list[looking.Seen] = field(default_factory=list)

    def verify(self, *, flows: bool = True) -> tuple[Measurement, ...]:
        """Look at every host anew."""
        self.close()
        for site in self.sites:
            again = replace(site, transport=site.place.connect())
            self.seen.append(looking.see(again, settle_s=_SETTLE_S, left=Event(), flows=flows))
        return tuple(self._named(each.site, one) for each in self.seen for one in each.measurements)

    def keep(self) -> None:
        """Mark what was seen last as good."""
        for each in self.seen:
            keep(each)

    def close(self) -> None:
        """The links of the last looks."""
        for each in self.seen:
            each.site.transport.close()
        self.seen.clear()

    def _named(self, site: Site, one: Measurement) -> Measurement:
        """Of several hosts each look bears its host's name: what is compared by name must not be mixed up."""
        return one if len(self.sites) == 1 else replace(one, name=f"{one.name}.{site.host.name}")
