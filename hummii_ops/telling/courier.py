"""Brings the notes of one run through one channel: in their order, each once, again for as long as it may help.

A channel that says Never is left alone, with one warning; one note that took too long is left, and the next is tried.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence

from hummii_ops.inventory.channels import AnyChannel
from hummii_ops.telling.channels.channel import Channel, Later, Never
from hummii_ops.telling.due import due
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, Outbox

_POLL_S = 0.2
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0


class Courier:
    """One channel. `retry_s`: for how long one note is tried; `warn` is told, once each, what could not be sent."""

    def __init__(
        self,
        settings: AnyChannel,
        open_channel: Callable[[], Channel],
        outbox: Outbox,
        *,
        retry_s: float,
        warn: Callable[[str], None],
    ) -> None:
        self._settings, self._open, self._outbox = settings, open_channel, outbox
        self._retry_s, self._warn = retry_s, warn
        self._channel: Channel | None = None
        self.ledger = Ledger.read(outbox.desk / f"{settings.name}.json")
        self.ledger.renew()  # whoever starts anew tries anew what was left

    def waiting(self) -> Sequence[Note]:
        """What is still to be sent, and may be."""
        if self.ledger.disabled:
            return ()
        return [note for note in due(self._outbox.notes(), self._settings) if not self.ledger.is_settled(note.id)]

    def run(self, over: threading.Event) -> None:
        """Send what there is, and what comes, until `over` is set."""
        while not over.is_set():
            notes = self.waiting()
            try:
                if notes:
                    self._bring(notes[0], over)
            except OSError as error:  # what went out cannot be recorded: rather told late than told twice
                self.ledger.disabled = f"its file cannot be written: {error.strerror}"
                self._warn(f"{self._settings.name}: nothing more is sent: {self.ledger.disabled}")
            over.wait(0 if notes else _POLL_S)

    def _bring(self, note: Note, over: threading.Event) -> None:
        deadline, pause = time.monotonic() + self._retry_s, _FIRST_WAIT_S
        while not over.is_set():
            again = self.ledger.attempt(note.id)
            try:
                channel = self._opened()
                reference = channel.send(note, self.ledger, again=again)
                self.ledger.done(note.id, reference, twice=again and note.kind in channel.doubles)
                return
            except Later as error:
                if not error.arrived and not again:
                    self.ledger.unsent(note.id)
                wait = max(error.after_s, pause * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, not a secret
                if time.monotonic() + wait > deadline:
                    self._leave(note, str(error))
                    return
                self._superseded(note, over, wait)
                if note not in self.waiting():
                    return
                pause = min(pause * 2, _LONGEST_WAIT_S)
            except Never as error:
                self._disable(str(error))
                return
            except Exception as error:  # a channel's bug must not keep the others from telling; its text may be secret
                self._disable(f"a bug in hummii-ops: {type(error).__name__}")
                return

    def _superseded(self, note: Note, over: threading.Event, wait_s: float) -> None:
        """Wait; but not for a step that is no news any more."""
        end = time.monotonic() + wait_s
        while time.monotonic() < end and not over.is_set():
            over.wait(min(_POLL_S, max(0.0, end - time.monotonic())))
            if note.kind == "step" and note not in self.waiting():
                return

    def _opened(self) -> Channel:
        if self._channel is None:
            self._channel = self._open()
        return self._channel

    def _leave(self, note: Note, why: str) -> None:
        self.ledger.left[note.id] = why
        self.ledger.save()
        self._warn(f"{self._settings.name}: {note.kind} was not delivered: {why}")

    def _disable(self, why: str) -> None:
        self.ledger.disabled = why
        self.ledger.save()
        self._warn(f"{self._settings.name}: nothing more is sent: {why}")
