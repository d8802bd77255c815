"""The shop that flows play against, and what a flow needs around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from shop_server import ShopServer

from hummii_ops.checks.flows.ledger import Ledger
from hummii_ops.checks.flows.load import load
from hummii_ops.checks.flows.models import Flow
from hummii_ops.checks.flows.play import Stage

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def server() -> Iterator[ShopServer]:
    """A shop of its own for each test."""
    server = ShopServer()
    yield server
    server.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


@pytest.fixture
def stage(server: ShopServer, ledger: Ledger) -> Stage:
    """The shop as a stage; its one secret is `pin`."""
    return Stage(
        environment="lab",
        host="lab-1",
        url=server.url,
        ledger=ledger,
        secret={"pin": "4711-0815", "live": "sk_live_0123456789"}.__getitem__,
        env={"CITY": "Lausanne"},
        stop=Event(),
    )


@pytest.fixture(scope="session")
def shipped() -> dict[str, Flow]:
    """The flows that come with the project."""
    loaded = load(ROOT / "flows")
    assert not loaded.problems, "\n".join(map(str, loaded.problems))
    return dict(loaded.flows)


@pytest.fixture
def flow(tmp_path: Path) -> Callable[[str], Flow]:
    """Makes a flow of a file's text."""

    def make(text: str) -> Flow:
        folder = tmp_path / "flows"
        folder.mkdir(exist_ok=True)
        (folder / "mine.yaml").write_text(text)
        loaded = load(folder)
        assert not loaded.problems, "\n".join(map(str, loaded.problems))
        return loaded.flows["mine"]

    return make
