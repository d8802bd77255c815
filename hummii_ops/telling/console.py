"""A run as people see it: a line when a step ends, a sign of life while it lasts.

Listens to events only; what it prints goes to stderr. On a terminal the sign of life is a spinner; in the log of a
job it is a line for each step that takes its time, folded into a group where GitHub Actions shows it. A line of a
terminal fits its width: the title gives way first, then it goes; the step's name and its end stay.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from threading import Timer

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.status import Status
from rich.text import Text

from hummii_ops.events import Event
from hummii_ops.plans.plan import Plan
from hummii_ops.telling import job_log
from hummii_ops.transport.text import printable

_SAID = {
    "resumed": "the run is taken up again",
    "back": "going back to the state from before",
    "cancelled": "cancelled: going back from here",
    "interrupted": "interrupted on the host",
    "link-lost": "the link is lost; the run goes on without us; looking for the host…",
    "link-back": "the link is back",
}

_LEGEND = "[green]✓[/] made, and holds   [dim]·[/] already so   [red]✗[/] failed"
_SHORT_LEGEND = "[green]✓[/] made  [dim]·[/] already so  [red]✗[/] failed"
# Without a terminal, a step that lasts longer is named when it has lasted so long.
SLOW_S = 2.0
# A title that is cut to less tells nothing.
_LEAST_TITLE = 16


class RunConsole:
    """Shows one host's run. Use as a context manager, so that the sign of life ends with it.

    `many`: lines begin with the host's name. `legend`: the first line is told what its sign means.
    """

    def __init__(
        self, console: Console, plan: Plan, *, many: bool = False, legend: bool = True, slow_s: float = SLOW_S
    ) -> None:
        self._console = console
        self._legend, self._slow_s = legend, slow_s
        self._slow: Timer | None = None
        self._group = "" if console.is_terminal or not job_log.wanted(os.environ) else f"{plan.host}: {plan.task}"
        self._titles: Mapping[str, str] = {s.id: s.title for s in (*plan.back, *plan.forward)}
        self._prefix = f"{plan.host}  " if many else ""
        self._started: dict[str, datetime] = {}
        self._status: Status | None = None

    def __enter__(self) -> RunConsole:
        if self._console.is_terminal:
            self._status = self._console.status("starting on the host…")
            self._status.start()
        if self._group:
            self._console.print(job_log.group(self._group), markup=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended()
        if self._status is not None:
            self._status.stop()
        if self._group:
            self._console.print(job_log.END_GROUP, markup=False)

    def __call__(self, event: Event) -> None:
        """Show one event; never raises for what a host may send."""
        if event.kind not in ("start", "again"):
            self._ended()
        if not event.step:
            self._say_run(event)
        elif event.kind == "start":
            self._started[event.step] = event.at
            self._wait(event)
        elif event.kind == "done":
            self._line("[green]✓[/]", event, self._elapsed(event))
        elif event.kind == "skipped":
            self._line("[dim]·[/]", event, "already so", dim=True)
        elif event.kind == "failed":
            self._line("[red]✗[/]", event, self._elapsed(event))
        elif event.kind == "again":
            self._line("[yellow]↻[/]", event, "once more")

    def _say_run(self, event: Event) -> None:
        said = _SAID.get(event.kind)
        if said:
            self._console.print(f"{self._prefix}[yellow]{said}[/]")

    def _wait(self, event: Event) -> None:
        if self._status is not None:
            words = Text(f"{self._prefix}{self._title(event.step)}…", no_wrap=True)
            words.truncate(self._console.width - 3, overflow="ellipsis")  # beside the spinner
            self._status.update(words)
            return
        self._ended()
        self._slow = Timer(self._slow_s, self._line, ("…", event, "has begun"), {"dim": True})
        self._slow.daemon = True  # who leaves with Ctrl-C does not wait for it
        self._slow.start()

    def _ended(self) -> None:
        """The step at work has ended: nothing is slow any more."""
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _line(self, sign: str, event: Event, note: str, *, dim: bool = False) -> None:
        # One print a line: while the sign of life is shown, a line that is printed in parts loses all but the last.
        if self._legend:
            self._legend = False
            narrow = self._console.is_terminal and self._console.width < 48
            self._console.print(_SHORT_LEGEND if narrow else _LEGEND)
        line = Text(self._prefix).append_text(Text.from_markup(sign))
        taken = line.cell_len + 1 + max(30, len(event.step)) + 1 + 2 + len(note)
        title = self._fitting(self._title(event.step), self._console.width - taken)
        line.append(f" {event.step:<30} {title}" if title else f" {event.step}", style="dim" if dim else "")
        line.append(f"  {note}", style="dim")
        if self._console.is_terminal and not title:
            line.truncate(self._console.width, overflow="ellipsis")
        self._console.print(line)

    def _fitting(self, title: str, room: int) -> str:
        """The title as a terminal has room for it; a log has room for all."""
        if not self._console.is_terminal or cell_len(title) <= room:
            return title
        return f"{set_cell_size(title, room - 1).rstrip()}…" if room >= _LEAST_TITLE else ""

    def _title(self, step: str) -> str:
        return printable(self._titles.get(step, step))

    def _elapsed(self, event: Event) -> str:
        started = self._started.get(event.step)
        return f"{(event.at - started).total_seconds():.1f} s" if started else ""
