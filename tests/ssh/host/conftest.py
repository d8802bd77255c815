"""A rig for each test, under dash and under bash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from guarded import Server
from host_tools import tools_folder
from laptop import Laptop, laid
from rig import Rig
from verb_world import World

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


@pytest.fixture
def world(rig: Rig) -> World:
    return World(rig=rig, run=rig.new_run(rig.swap()).sent())


@pytest.fixture(params=["dash", "bash"])
def server(request: pytest.FixtureRequest, make: Callable[[str], Server]) -> Server:
    return make(str(request.param))


@pytest.fixture
def dash(make: Callable[[str], Server]) -> Server:
    """For what does not depend on the shell."""
    return make("dash")


@pytest.fixture
def make(sshd: Any, tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    known = sshd.known_hosts(sshd.line("ed25519"))
    options = ["BatchMode=yes", "IdentitiesOnly=yes", f"UserKnownHostsFile={known}", "StrictHostKeyChecking=yes"]
    ssh = ["ssh", "-F", "none", "-p", str(sshd.port), "-i", str(sshd.key), *(f"-o{one}" for one in options)]
    made: list[Server] = []

    def start(shell: str) -> Server:
        made.append(Server(tmp_path, [*ssh, f"{sshd.user}@127.0.0.1"], shell))
        return made[-1]

    yield start
    for one in made:
        one.clear()
