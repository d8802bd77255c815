"""A rig for each test, under dash and under bash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from laptop import Laptop, laid
from rig import Rig, tools_folder

SHELLS = ("dash", "bash")


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The PATH folder for a shell."""
    base = tmp_path_factory.mktemp("tools")

    def of(shell: str) -> Path:
        return base / shell if (base / shell).exists() else tools_folder(base / shell, shell)

    return of


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rig(shell: str, tools: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("PATH", str(tools(shell)))
    (tmp_path / "project").mkdir()
    rig = Rig(folder=tmp_path, shell=shell, tools=tools(shell))
    yield rig
    rig.clear()


@pytest.fixture
def dash_rig(tools: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """For what does not depend on the shell."""
    monkeypatch.setenv("PATH", str(tools("dash")))
    (tmp_path / "project").mkdir()
    rig = Rig(folder=tmp_path, shell="dash", tools=tools("dash"))
    yield rig
    rig.clear()


@pytest.fixture
def laptop(start_sshd: Callable[..., Any], tmp_path: Path) -> Laptop:
    """A laptop that reaches the rig. Ask for it before the rig, which takes most tools away."""
    return laid(start_sshd, tmp_path)
