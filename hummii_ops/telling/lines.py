"""A run as programs see it: each event is one line of JSON on stdout, as it comes.

A reader that is slow, or gone, can neither stop nor delay the run: lines wait in a queue, and a thread writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from queue import SimpleQueue
from threading import Thread
from typing import TextIO

from hummii_ops.events import Event
from hummii_ops.plans.plan import Plan
from hummii_ops.transport.text import printable

SCHEMA = "hummii-ops/event/v1"


class EventLines:
    """Writes events to a stream until it is closed: then all is written, or nobody reads any more."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._writer = Thread(target=self._write, daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Wait until all is written. It may take as long as a reader likes that stands still: the run has ended."""
        self._lines.put(None)
        self._writer.join()

    def add(self, plan: Plan, event: Event) -> None:
        """Have one event of this plan's run written; never waits for who reads."""
        self._lines.put(f"{json.dumps(document(plan, event))}\n")

    def _write(self) -> None:
        with suppress(OSError, ValueError):  # nobody reads any more
            for line in iter(self._lines.get, None):
                self._out.write(line)
                self._out.flush()


def document(plan: Plan, event: Event) -> dict[str, object]:
    """One event as programs get it. `step`, `title` and `list` are None for what is of the whole run."""
    title = next((one.title for one in (*plan.forward, *plan.back, *plan.tidy) if one.id == event.step), None)
    return {
        "schema": SCHEMA,
        "at": event.at.isoformat(),
        "run_id": event.run_id,
        "host": event.host,
        "kind": event.kind,
        "list": printable(event.list) or None,
        "step": printable(event.step) or None,
        "title": title and printable(title),
        "code": event.code,
    }


# Else everything between the task and those who follow its run on a host would have to hand it down.
_OPEN: ContextVar[EventLines | None] = ContextVar("event lines", default=None)


@contextmanager
def written_to(out: TextIO) -> Iterator[EventLines]:
    """While it lasts, who shows a run has its events written as well; whoever gets it closes it."""
    lines = EventLines(out)
    before = _OPEN.set(lines)
    try:
        yield lines
    finally:
        _OPEN.reset(before)


def opened() -> EventLines | None:
    """Where events are written now; None: nowhere."""
    return _OPEN.get()
