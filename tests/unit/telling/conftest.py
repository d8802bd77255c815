"""A run's folder with an inventory, and a teller for it; who delivers is a real process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from telling_rig import RUN, TOKEN, Make

from hummii_ops.inventory import load
from hummii_ops.telling.teller import Teller


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runs" / RUN
    made.mkdir(parents=True)
    return made


@pytest.fixture
def make(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """A teller with these channels; at the end who delivers has ended, or is ended."""
    monkeypatch.setenv("HUMMII_TEST_TOKEN", TOKEN)
    made: list[Teller] = []

    def teller(
        *channels: dict[str, Any],
        attempt_s: float = 1,
        retry_s: float = 2,
        flush_s: float = 1,
        secrets: dict[str, str] | None = None,
    ) -> Teller:
        notify = {"channels": list(channels), "attempt_s": attempt_s, "retry_s": retry_s, "flush_s": flush_s}
        for name, text in (secrets or {}).items():
            monkeypatch.setenv(f"HUMMII_TEST_{name.upper()}", text)
        environment = {
            "hosts": [{"name": "prod-1", "address": "127.0.0.1"}],
            "secrets": {name: {"env": f"HUMMII_TEST_{name.upper()}"} for name in ("token", *(secrets or {}))},
            "notify": notify,
        }
        path = tmp_path / "inventory.yml"
        path.write_text(json.dumps({"environments": {"production": environment}}))
        read = load(path).choose("production").notify
        assert read
        made.append(Teller(folder, read, inventory=path, environment="production"))
        return made[-1]

    yield teller
    for one in made:
        one.close()
        if one.process is not None:
            one.process.wait(timeout=30)
