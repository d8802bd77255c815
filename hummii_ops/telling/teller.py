"""Tells people about a run: appends a line, and no more. What goes wrong here is never the run's trouble.

Somebody else delivers: a process of its own, which holds nothing of ours, neither the terminal nor the exit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hummii_ops.inventory.channels import Notify
from hummii_ops.telling.desk import Desk
from hummii_ops.telling.due import due
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import NoteKind, Outbox

# Steps are told at most so often: the newest is what counts.
STEP_EVERY_S = 10.0
_POLL_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """What a channel has not delivered, and why; `over`: nothing is tried any more."""

    channel: str
    kinds: tuple[str, ...]
    why: str
    over: bool


class Teller:
    """Tells of one run. `folder` is the run's folder here; `environment` and `inventory` name the channels."""

    def __init__(self, folder: Path, notify: Notify, *, inventory: Path, environment: str) -> None:
        self._folder, self._notify = folder, notify
        self._inventory, self._environment = inventory, environment
        self._outbox, self._desk = Outbox(folder), Desk(folder)
        self.process: subprocess.Popen[bytes] | None = None
        self._writes: int | None = None
        self._step_at = 0.0

    def say(self, kind: NoteKind, **facts: object) -> None:
        """Append one line. Never raises, never waits for anyone but the local disk."""
        if kind == "step":
            now = time.monotonic()
            if now < self._step_at:
                return
            self._step_at = now + STEP_EVERY_S
        with suppress(Exception):  # whatever it is: telling can neither stop nor delay a run
            self._open()
            self._outbox.append(kind, facts)
            self._have_it_delivered()

    def flush(self, deadline_s: float | None = None, *, anew: bool = False) -> Sequence[Undelivered]:
        """Wait, at most so long and only while something is under way; what was not delivered by then.

        `deadline_s` None: as long as the inventory says. `anew`: what was given up is tried once more.
        """
        try:
            return self._flush(self._notify.flush_s if deadline_s is None else deadline_s, anew=anew)
        except (Exception, KeyboardInterrupt):  # who is impatient leaves the waiting, never the end of a run
            return ()
        finally:
            self.close()

    def close(self) -> None:
        """Write no more: who delivers ends when all is sent."""
        if self._writes is not None:
            with suppress(OSError):
                os.close(self._writes)
            self._writes = None

    def deliver(self) -> None:
        """Have what is there delivered, though nothing new is told."""
        self._open()
        self._have_it_delivered()

    def _open(self) -> None:
        if self._writes is None:
            channels = [{"name": one.name, "kind": one.kind, "audience": one.audience} for one in self._notify.channels]
            self._desk.open(inventory=self._inventory, environment=self._environment, channels=channels)
            self._writes = self._desk.writing()

    def _have_it_delivered(self) -> None:
        if self._is_delivered():
            return
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hummii_ops.telling.deliver", str(self._folder.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C and the end of the terminal are not for it
        )
        threading.Thread(target=self.process.wait, daemon=True).start()  # it may outlive us; nobody waits for it

    def _flush(self, deadline_s: float, *, anew: bool) -> Sequence[Undelivered]:
        end = time.monotonic() + deadline_s
        if anew:
            self._forget_what_was_left()
        if any(not one.over for one in undelivered(self._folder, self._notify)):
            self.deliver()  # who delivered may have been killed, or gone just as the last line came
        while True:
            left = undelivered(self._folder, self._notify)
            under_way = any(not one.over for one in left) and self._is_delivered()
            if not under_way or time.monotonic() >= end:
                return left
            time.sleep(_POLL_S)

    def _forget_what_was_left(self) -> None:
        """So that it counts as under way; who delivers now is not disturbed: what it left, it tries no more."""
        if not self._desk.is_delivered_from():
            for channel in self._notify.channels:
                Ledger.read(self._outbox.desk / f"{channel.name}.json").renew()

    def _is_delivered(self) -> bool:
        return self._desk.is_delivered_from() or (self.process is not None and self.process.poll() is None)


def undelivered(folder: Path, notify: Notify) -> Sequence[Undelivered]:
    """What of a run's outbox has not gone out, channel by channel."""
    notes, desk, found = Outbox(folder).notes(), Outbox(folder).desk, []
    for channel in notify.channels:
        ledger = Ledger.read(desk / f"{channel.name}.json")
        waiting = [note for note in due(notes, channel) if note.id not in ledger.delivered]
        if waiting:
            why = ledger.disabled or next((ledger.left[one.id] for one in waiting if one.id in ledger.left), "")
            over = all(ledger.is_settled(note.id) for note in waiting)
            kinds = tuple(note.kind for note in waiting)
            found.append(Undelivered(channel=channel.name, kinds=kinds, why=why or "still being tried", over=over))
    return found
