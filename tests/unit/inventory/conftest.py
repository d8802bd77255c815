"""A home of its own for every test here: nothing depends on the person who runs it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name in ("HUMMII_ENV", "HUMMII_INVENTORY", "HUMMII_LAB"):
        monkeypatch.delenv(name, raising=False)
    return folder
