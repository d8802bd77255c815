"""What happens in a run, as values: the one stream that the console, the journal's mirror and reports listen to.

Rollback code only says; a listener can neither stop nor delay it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal[
    "begin",  # the host took the run up
    "resumed",
    "start",  # a step's act begins
    "skipped",  # what the step makes is already so
    "again",  # its act is made once more
    "done",  # a step holds now; without a step: the run is done
    "failed",
    "back",  # the way back begins
    "cancelled",
    "interrupted",
    "restored",
    "prepared",
    "refused",
    "abandoned",
    "mixed",
    "link-lost",  # said by the laptop: the run goes on, we look for it
    "link-back",
]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One moment of a run on a host. `at` is aware UTC by the host's clock; `step` and `list` are "" for the run."""

    at: datetime
    run_id: str
    host: str
    kind: Kind
    list: str = ""
    step: str = ""
    code: int | None = None
    log_offset: int | None = None


Listener = Callable[[Event], None]
