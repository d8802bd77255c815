"""One host's run among several, led from here: it prepares, waits for its turn, and is told go or stop.

A keeper says "still here" while it waits. If we go silent, it stops by itself, and nothing was changed there.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field

from hummii_ops.errors import HummiiError
from hummii_ops.events import Event, Listener
from hummii_ops.plans.plan import Plan
from hummii_ops.run import perform
from hummii_ops.run.entry import Entry
from hummii_ops.run.follow import WAITS, Follower, Outside
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.perform import Place
from hummii_ops.run.ship import About
from hummii_ops.steps.gates import TURN
from hummii_ops.transport import LinkLost, Transport

# Several of these fit into the silence after which a host stops, also when a link must be made anew.
BEAT_S = 5.0
# How long we look for a host that we want to stop: it stops without us as well.
STOP_WITHIN_S = 20.0


def _nobody(_event: Event) -> None:
    """Listens while a host is told to stop."""


class Keeper:
    """Says to a host that waits for its turn that somebody leads the run, until `stop`."""

    def __init__(self, place: Place, run_id: str, *, beat_s: float = BEAT_S) -> None:
        self._place, self._run_id, self._beat_s = place, run_id, beat_s
        self._over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep, daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def _keep(self) -> None:
        """Over a link of its own when the first is lost."""
        link = self._place.transport
        while not self._over.wait(self._beat_s):
            try:
                Entry(transport=link, home=self._place.home).call("still_here", self._run_id, TURN, limit_s=20)
            except LinkLost:
                link = self._linked_again(link)
            except HummiiError:
                continue
        if link is not self._place.transport:
            link.close()

    def _linked_again(self, link: Transport) -> Transport:
        try:
            return self._place.connect()
        except HummiiError:
            return link


@dataclass(kw_only=True)
class Turn:
    """The run on one host, from its start to its turn and to its end."""

    place: Place
    plan: Plan
    about: About
    outside: Outside | None
    _follower: Follower = field(init=False)
    _keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        self._follower = perform.follower_of(self.place, self.about.run_id, _nobody, self.outside)
        self._keeper = Keeper(self.place, self.about.run_id)

    @property
    def _entry(self) -> Entry:
        return Entry(transport=self._follower.transport or self.place.transport, home=self.place.home)

    @property
    def host(self) -> str:
        return self.place.host

    def claim(self) -> None:
        """Take the stack's lease. Raises LinkLost, Busy, Refused."""
        self._entry.call("claim", self.about.run_id, about=self.about.lease_lines())

    def give_back(self) -> None:
        """The lease of a host that did not begin; one that cannot be told is free by itself after two minutes."""
        with suppress(HummiiError, LinkLost):
            self._entry.call("give_back", self.about.run_id)

    def begin(self) -> None:
        """Ship the plan and start it; from here on the host prepares by itself. Raises LinkLost, Busy, Refused."""
        perform.begin(self.place, self.plan, self.about)
        self._keeper.start()

    def prepare(self, listener: Listener) -> Outcome | None:
        """Follow it to its turn; the outcome if it ended before. Raises Detached when the link is lost."""
        self._follower.listener = listener
        state = self._follower.follow("follow", until=TURN)
        if state == WAITS:
            return None
        self._keeper.stop()
        return perform.finish(self.place, self.plan, self._follower, state)

    def take(self, listener: Listener) -> Outcome:
        """Its turn has come: go, and follow it to its end. Raises Detached when the link is lost."""
        return self._told("go", listener)

    def stop(self) -> Outcome | None:
        """Its turn will not come; None when it could not be told, and stops by itself."""
        self._follower.detach_after_s = STOP_WITHIN_S
        try:
            return self._told("stop", _nobody)
        except HummiiError:
            return None

    def leave(self) -> None:
        """Tell it to stop, and do not look whether it does."""
        self._keeper.stop()
        with suppress(HummiiError, LinkLost):
            self._entry.call("answer", self.about.run_id, TURN, "stop", limit_s=10)

    def link(self) -> Transport:
        """The link that stands, or a new one. Raises Unreachable."""
        return self._follower.transport or self.place.connect()

    def _told(self, word: str, listener: Listener) -> Outcome:
        self._keeper.stop()
        self._follower.listener = listener
        state = self._follower.follow_after(TURN, word)
        return perform.finish(self.place, self.plan, self._follower, state)
