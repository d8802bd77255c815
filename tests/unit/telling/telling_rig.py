"""What the tests of telling share: a run's id, a secret, a channel, and waiting for something."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hummii_ops.inventory import load
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


@contextmanager
def tellers(folder: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes tellers of the run in this folder, each with its own inventory; at the end who delivers has ended."""
    monkeypatch.setenv("HUMMII_TEST_TOKEN", TOKEN)
    made: list[Teller] = []

    def teller(
        *channels: dict[str, Any],
        attempt_s: float = 1,
        retry_s: float = 2,
        flush_s: float = 1,
        secrets: dict[str, str] | None = None,
        **environment: Any,
    ) -> Teller:
        notify = {"channels": list(channels), "attempt_s": attempt_s, "retry_s": retry_s, "flush_s": flush_s}
        for name, text in (secrets or {}).items():
            monkeypatch.setenv(f"HUMMII_TEST_{name.upper()}", text)
        known = {
            "hosts": [{"name": "prod-1", "address": "127.0.0.1"}],
            "secrets": {name: {"env": f"HUMMII_TEST_{name.upper()}"} for name in ("token", *(secrets or {}))},
            "notify": notify,
        }
        path = folder / "inventory.yml"
        path.write_text(json.dumps({"environments": {"production": known | environment}}))
        read = load(path).choose("production").notify
        assert read
        made.append(Teller(run, read, inventory=path, environment="production"))
        return made[-1]

    yield teller
    for one in made:
        one.close()
        if one.process is not None:
            one.process.wait(timeout=30)
