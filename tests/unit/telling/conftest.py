"""A run's folder with an inventory, and a teller for it; who delivers is a real process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from telling_rig import RUN, Make, tellers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runs" / RUN
    made.mkdir(parents=True)
    return made


@pytest.fixture
def make(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """A teller with these channels; at the end who delivers has ended, or is ended."""
    with tellers(tmp_path, folder, monkeypatch) as made:
        yield made
