"""Follows a run to its end over a link that may be lost, and answers its gates. Loses no event and repeats none.

Losing the link decides nothing: the run goes on, and so do we, when the host answers again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hummii_ops.errors import Detached, HostKeyError, Refused, Unreachable
from hummii_ops.events import Event, Kind, Listener
from hummii_ops.run.entry import Entry, refusal, script
from hummii_ops.run.journal import parse_line
from hummii_ops.transport import LinkLost, Transport

# How long the laptop looks for a host that went silent before it leaves the run to itself.
DETACH_AFTER_S = 120.0
# What `follow` returns when the run has come to the step that it should stop at, and waits there.
WAITS = "waits"
# An exit code above it is a signal's: the far side was killed, and said nothing about the run.
SIGNALLED = 128

Connect = Callable[[], Transport]
# Asked once, when the run waits for it: "go", "keep" or "back".
Outside = Callable[[], str]


class _Paused(Exception):
    """Out of the stream: we have seen what we wanted to, and the run waits."""


@dataclass(kw_only=True)
class Follower:
    """One run on one host. `connect` makes a new link; `transport` is the present one, if any.

    `goes_on`: the host goes on with it, whatever we hear: a link that cannot be made at first is looked for, too.

    Afterwards `lines` is the journal as it arrived, and `transport` the link that still stands.
    """

    connect: Connect
    host: str
    home: str
    run_id: str
    listener: Listener
    outside: Outside | None = None
    transport: Transport | None = None
    goes_on: bool = False
    detach_after_s: float = DETACH_AFTER_S
    lines: list[str] = field(default_factory=list)
    _state: str = ""
    _until: str = ""
    _spoken: bool = False
    _heard: bool = False
    _asked: bool = False
    _over: threading.Event = field(default_factory=threading.Event)

    def follow(self, verb: str, *, about: str = "", payload: str = "", until: str = "") -> str:
        """Start (`begin`), go on (`again`), go back (`back`) or only watch (`follow`); returns the last state.

        The state is a word of the run's state file; "forward" or "back" then means that it was interrupted.
        With `until`, WAITS as soon as that step begins; it can be followed again from there.
        Raises Busy or Refused when the host says no, Detached when the link is lost for `detach_after_s`.
        """
        text = script(about=about, payload=payload)
        self._until = until
        try:
            return self._to_the_end(verb, text)
        except _Paused:
            return WAITS
        finally:
            self._over.set()

    def follow_after(self, gate: str, word: str, verb: str = "follow") -> str:
        """Answer a gate at which the run waits, or will wait, and follow it to its end."""
        self._over.clear()
        self._answer(gate, lambda: word)
        return self.follow(verb)

    def _to_the_end(self, verb: str, text: str) -> str:
        deadline: float | None = None
        while True:
            self._heard = False
            try:
                transport = self._linked()
                said = "follow" if self.lines else verb  # heard once is enough: a second "back" would be a second try
                args = (self.home, said, self.run_id, str(len(self.lines)))
                code = transport.stream(text, *args, on_line=self._on_line)
            except (LinkLost, Unreachable, HostKeyError) as lost:
                if not (self._spoken or self.goes_on):
                    raise
                deadline = self._lost(lost, None if self._heard else deadline)
                continue
            if code != 0 and (self.lines or code > SIGNALLED):  # of a run that goes on, its follower died: nothing more
                deadline = self._lost(LinkLost(f"the far side ended with {code}"), None if self._heard else deadline)
                continue
            if code != 0:
                raise refusal(code, "\n".join(self._said), self.host, verb)
            if not self._state:  # the stream ended without a last word: the far side went away
                deadline = self._lost(LinkLost("the stream ended early"), None if self._heard else deadline)
                continue
            return self._state

    def _linked(self) -> Transport:
        self._said: list[str] = []
        if self.transport is None:
            self.transport = self.connect()
            if self.lines:
                self._say("link-back")
        self._spoken = True  # from here on the host may have heard us: no answer is "unknown", never "refused"
        return self.transport

    def _lost(self, why: Exception, deadline: float | None) -> float:
        """Let go of the link; returns the moment to give up, and raises Detached when it has come."""
        if isinstance(why, HostKeyError):
            raise Detached(
                f"{why.what}; if the run began, it goes on by itself",
                remedy=f"find out whose key that is, then: fab attach --run={self.run_id}",
                run_id=self.run_id,
            ) from why
        if self.transport is not None:
            self.transport.close()
            self.transport = None
            self._say("link-lost")
        elif deadline is None and not self.lines:  # there was none yet: nobody should wait in the dark
            self._say("link-lost")
        now = time.monotonic()
        deadline = deadline or now + self.detach_after_s
        if now >= deadline:
            raise Detached(
                f"{self.host} did not answer for {self.detach_after_s:.0f} s; if the run began, it goes on by itself",
                remedy=f"look again when the link is back: fab attach --run={self.run_id}",
                run_id=self.run_id,
            ) from why
        time.sleep(min(1.0, max(0.0, deadline - now)))  # paced: the host answers when it answers
        return deadline

    def _on_line(self, line: str) -> None:
        self._heard = True
        kind, _, rest = line.partition(" ")
        if kind == "J":
            self.lines.append(rest)
            event = parse_line(rest, run_id=self.run_id, host=self.host)
            if event is not None:
                self.listener(event)
                self._answer_if_asked(event)
                if event.kind == "start" and event.step == self._until:
                    raise _Paused
        elif kind == "E":
            self._state = rest
        elif kind != "B":
            self._said.append(line)

    def _answer_if_asked(self, event: Event) -> None:
        asked = event.kind == "start" and event.step == "confirmed-outside"
        if asked and self.outside is not None and not self._asked and self.transport is not None:
            self._asked = True
            self._answer("outside", self.outside)

    def _answer(self, gate: str, ask: Outside) -> None:
        # a daemon: who leaves with Ctrl-C does not wait for an answer from outside
        threading.Thread(target=self._give_answer, args=(gate, ask), daemon=True).start()

    def _give_answer(self, gate: str, ask: Outside) -> None:
        """Ask once, and tell the host over whichever link there is, until it has heard or nobody follows.

        If no link comes back in time, the run gives the default by itself.
        """
        word = ask()
        while not self._over.is_set():
            transport = self.transport
            try:
                if transport is not None:
                    Entry(transport=transport, home=self.home).call("answer", self.run_id, gate, word, limit_s=20)
                    return
            except (LinkLost, Refused):
                pass
            self._over.wait(0.5)

    def _say(self, kind: Kind) -> None:
        self.listener(Event(at=datetime.now(UTC), run_id=self.run_id, host=self.host, kind=kind))
