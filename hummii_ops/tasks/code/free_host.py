"""A host on which nobody else is at work: waited for with --wait, or made so with --stop-deploy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hummii_ops.errors import Busy
from hummii_ops.facts.amounts import age
from hummii_ops.facts.claims import Lease
from hummii_ops.facts.deploys import TASK
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.run import preflight
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.said import say
from hummii_ops.tasks.call.session import Site

_POLL_S = 2


@dataclass(frozen=True, kw_only=True)
class Patience:
    """What may be done about whoever is at work. `stop_deploy`: a guarded deploy is ended, never anything else.

    `needs`: raises Refused, before that is done, where it would be done for nothing, as for a slip in a name.
    `ended` hears of it, in words, as soon as it is done.
    """

    wait_s: int = 0
    stop_deploy: bool = False
    yes: bool = False
    reason: str = ""
    needs: Callable[[Snapshot], object] = lambda _snapshot: None
    ended: Callable[[str], None] = lambda _what: None


def free_snapshot(site: Site, patience: Patience) -> Snapshot:
    """What is true on the host once no one else is at work there.

    Raises Busy or Refused, and Declined where a deploy is not to be ended.
    """
    deadline, told, stopped = time.monotonic() + patience.wait_s, "", False
    while True:
        snapshot = site.snapshot()
        try:
            preflight.check(snapshot)
        except Busy as busy:
            lease = snapshot.lease
            if not stopped and patience.stop_deploy and lease is not None and lease.task == TASK:
                patience.needs(snapshot)
                patience.ended(_stop(site, lease, snapshot.read_at, patience))
                stopped = True
                continue
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise
            if told != str(busy):
                say().print(f"waiting, at most {left_s:.0f} s: {busy}", style="dim", markup=False)
            told = str(busy)
            time.sleep(_POLL_S)
            continue
        return snapshot


def _stop(site: Site, lease: Lease, now: datetime, patience: Patience) -> str:
    """End the deploy that has the lease; returns what it was, in words."""
    from hummii_ops.run.stop_deploy import WAIT_S, stop_deploy  # only where it is asked for

    what = f"deploy {lease.run} of {lease.who}, for {age(lease.since, now)}"
    session.confirm(f"{site.host.name}: end {what} ({lease.reason})?", yes=patience.yes, what="--stop-deploy")
    say().print(f"{site.host.name}: ending {what}; this waits for its end, at most {WAIT_S} s", markup=False)
    stop_deploy(site.transport, site.home, lease.run, who=session.who(), reason=patience.reason or "a rollback")
    return what
