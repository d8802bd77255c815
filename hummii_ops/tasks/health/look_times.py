"""How long each look of fab verify takes, and who hears that it has ended: nobody should wait in the dark.

Never keeps a look from ending: what hears of it is called after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

T = TypeVar("T")


def unheard(_look: str, _elapsed_s: float) -> None:
    """For looks that nobody waits for."""


@dataclass(kw_only=True)
class LookTimes:
    """Of one host; `elapsed_s` by look. `hear` may be called from several threads, one at a time."""

    hear: Callable[[str, float], None] = unheard
    elapsed_s: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def timed(self, name: str, look: Callable[[], T]) -> T:
        """Do it, and keep how long it took; said twice, both count."""
        began = time.monotonic()
        try:
            return look()
        finally:
            with self._lock:
                spent = self.elapsed_s.get(name, 0.0) + time.monotonic() - began
                self.elapsed_s[name] = round(spent, 2)
                self.hear(name, spent)
