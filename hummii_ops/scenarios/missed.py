"""What happened on a host while nobody looked, from the host's own records: the proxy's log, and when containers began.

Pure. Never takes a record that does not reach back for "nothing happened": what it does not tell is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

_FEWEST_FAILED = 3  # one or two are an accident


@dataclass(frozen=True, kw_only=True)
class Missed:
    """`requests` None: the log does not tell, `why` not. `began`: services whose containers began meanwhile."""

    host: str
    since: datetime
    until: datetime
    requests: int | None = None
    failed: int = 0
    errors_percent: float
    began: tuple[str, ...] = ()
    why: str = ""

    @property
    def ill(self) -> bool:
        """Were its users badly served, by the inventory's own limit?"""
        n = self.requests or 0
        return self.failed >= _FEWEST_FAILED and 100 * self.failed / n > self.errors_percent

    @property
    def words(self) -> str:
        """A clause."""
        return f"{self.host}: {', '.join(self._said())}"

    def _said(self) -> Iterator[str]:
        if self.requests is None:
            yield f"could not look at what happened: {self.why}"
        else:
            yield f"{self.failed} of {self.requests} requests failed"
        yield f"started anew: {', '.join(self.began)}" if self.began else "nothing started anew"
