"""The status page of our own in a folder on a host, over a real sshd."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hummii_ops.inventory.status_pages import StaticPageOnHost
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, NoteKind
from hummii_ops.telling.status_page.on_host import PageOnHost
from hummii_ops.transport import Transport, connect

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "status page"
    made.mkdir()
    return made


@pytest.fixture
def page(sshd: Any, folder: Path) -> Callable[..., PageOnHost]:
    def made(at: Path = folder, port: int = 0) -> PageOnHost:
        settings = StaticPageOnHost(kind="static-page-on-host", name="page", host="prod-1", folder=str(at))
        endpoint = sshd.endpoint(port=port) if port else sshd.endpoint()

        def link() -> Transport:
            return connect(endpoint)

        return PageOnHost(settings, Words(audience="public", service="Hummii"), link, limit_s=60)

    return made


def tell(page: PageOnHost, number: int, kind: NoteKind, text: str = "") -> None:
    facts = {"text": text, "hosts": "prod-1"}
    note = Note(id=f"run-a.{number}", run_id="run-a", kind=kind, at=NOW + timedelta(minutes=number), facts=facts)
    page.send(note, Ledger(path=Path("none")), again=False)


def updates(folder: Path) -> list[str]:
    document = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    return [update["id"] for incident in document["incidents"] for update in incident["updates"]]


def test_a_page_on_a_host(page: Callable[..., PageOnHost], folder: Path) -> None:
    """Three files that a web server can read, nothing beside them; told twice is there once; text stays text."""
    assert "0 incidents" in page().check()
    tell(page(), 1, "started")
    tell(page(), 2, "announced", text="'; touch /tmp/P; $(id) HUMMII_END <b>ä</b>")
    tell(page(), 2, "announced", text="again")
    assert updates(folder) == ["run-a.1", "run-a.2"]
    shown = sorted(path.name for path in folder.iterdir() if path.name != ".status.lock")
    assert shown == ["feed.xml", "index.html", "status.json"]
    assert {(folder / name).stat().st_mode & 0o777 for name in shown} == {0o644}
    assert "$(id) HUMMII_END &lt;b&gt;ä&lt;/b&gt;" in (folder / "index.html").read_text(encoding="utf-8")
    assert "1 incidents" in page().check()


def test_two_laptops_at_once(page: Callable[..., PageOnHost], folder: Path) -> None:
    """Whoever reads what another writes over reads again: nobody's words are lost."""
    tell(page(), 0, "started")
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda number: tell(page(), number, "announced", text=f"{number}"), range(1, 7)))
    assert sorted(updates(folder)) == [f"run-a.{number}" for number in range(7)]


def test_what_is_not_ours_or_not_there(page: Callable[..., PageOnHost], folder: Path) -> None:
    """A person has to mend it, and nothing is written over; a host that does not answer may answer later."""
    (folder / "status.json").write_text("mine")
    with pytest.raises(Never, match="not one of ours"):
        tell(page(), 1, "started")
    assert (folder / "status.json").read_text() == "mine"
    with pytest.raises(Never, match="is not there on prod-1"):
        page(folder / "absent").check()
    with pytest.raises(Later, match="prod-1"):
        page(port=1).check()
