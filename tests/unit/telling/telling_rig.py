"""What the tests of telling share: a run's id, a secret, a channel, and waiting for something."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hummii_ops.telling.teller import Teller

TOKEN = "xoxb-12345678-very-secret"
RUN = "20260115T103000Z-rollback-1a2b"
Make = Callable[..., Teller]


def until(true: Callable[[], object], limit_s: float = 20) -> None:
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def slack(url: str, **more: Any) -> dict[str, Any]:
    return {"kind": "slack", "name": "team", "channel": "C1", "token": "token", "url": url} | more
