"""Statuspage, by a page with a memory that speaks as Atlassian's API does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from telling_rig import RUN, TOKEN

from hummii_ops.inventory import Secret
from hummii_ops.inventory.channels import Statuspage
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, NoteKind
from hummii_ops.telling.status_page.statuspage import HostedPage

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


class Page(ThreadingHTTPServer):
    """Incidents and components; refuses any key but the right one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.incidents: list[dict[str, Any]] = []
        self.components = {"api": "degraded_performance", "shop": "operational"}
        self.trouble = 0


class _Handler(BaseHTTPRequestHandler):
    server: Page

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.endswith("/incidents/unresolved"):
            self._say(200, [one for one in self.server.incidents if one["status"] != "resolved"])
        else:
            self._say(200, {"status": self.server.components[self.path.rpartition("/")[2]]})

    def do_POST(self) -> None:
        made = {"id": f"inc{len(self.server.incidents)}", "updates": 0} | self._asked()
        self.server.incidents.insert(0, made)
        self._say(201, made)

    def do_PATCH(self) -> None:
        (found,) = (one for one in self.server.incidents if one["id"] == self.path.rpartition("/")[2])
        found |= self._asked() | {"updates": found["updates"] + 1}
        self._say(200, found)

    def _asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))["incident"]
        self.server.components |= asked.get("components", {})
        return asked

    def _say(self, status: int, body: Any) -> None:
        status = self.server.trouble or (status if self.headers["authorization"] == f"OAuth {TOKEN}" else 401)
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def page() -> Iterator[Page]:
    with Page() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def channel(page: Page, key: str = TOKEN) -> HostedPage:
    settings = {"kind": "statuspage", "name": "page", "page": "p1", "token": "token", "components": ["api", "shop"]}
    made = Statuspage.model_validate(settings | {"url": f"http://127.0.0.1:{page.server_port}/v1"})
    return HostedPage(made, Secret(key), Words(audience="public", service="Hummii"), limit_s=5)


def tell(page: Page, ledger: Ledger, *kinds: NoteKind) -> None:
    for number, kind in enumerate(kinds, start=1):
        note = Note(id=f"{RUN}.{number}", run_id=RUN, kind=kind, at=NOW, facts={"hosts": "prod-1"})
        channel(page).send(note, ledger, again=False)


def test_an_incident_from_its_begin_to_its_end(page: Page, tmp_path: Path) -> None:
    """Identified, monitoring, resolved by watching alone; then each component is what it was before, not just well."""
    ledger = Ledger(path=tmp_path / "page.json")
    tell(page, ledger, "planned", "started")
    assert page.incidents[0]["status"] == "identified"
    assert page.components == {"api": "partial_outage", "shop": "partial_outage"}
    tell(page, ledger, "restored")
    assert page.incidents[0]["status"] == "identified"
    tell(page, ledger, "succeeded")
    assert page.incidents[0]["status"] == "monitoring"
    tell(page, ledger, "monitoring-ok")
    assert [one["status"] for one in page.incidents] == ["resolved"]
    assert page.components == {"api": "degraded_performance", "shop": "operational"}


def test_killed_after_the_incident_was_made(page: Page, tmp_path: Path) -> None:
    """Nothing was recorded: whoever sends again finds it, and makes no second one."""
    tell(page, Ledger(path=tmp_path / "a.json"), "started")
    tell(page, Ledger(path=tmp_path / "b.json"), "started")
    assert len(page.incidents) == 1


def test_the_second_run_of_a_night_knows_what_was_before_the_first(page: Page, tmp_path: Path) -> None:
    """It finds components that the first has marked; in the end they are what they were before both."""
    tell(page, Ledger(path=tmp_path / "a.json"), "started", "restored")
    tell(page, Ledger(path=tmp_path / "b.json"), "started", "succeeded", "monitoring-ok")
    assert [one["status"] for one in page.incidents] == ["resolved"]
    assert page.components == {"api": "degraded_performance", "shop": "operational"}


def test_what_a_person_opened_is_updated(page: Page, tmp_path: Path) -> None:
    """Its name stays theirs."""
    page.incidents.append({"id": "theirs", "name": "Orders fail", "status": "investigating", "updates": 0})
    tell(page, Ledger(path=tmp_path / "page.json"), "started")
    (one,) = page.incidents
    assert (one["name"], one["status"], one["updates"]) == ("Orders fail", "identified", 1)


def test_nothing_is_opened_by_good_news(page: Page, tmp_path: Path) -> None:
    """Nor by an announcement."""
    tell(page, Ledger(path=tmp_path / "page.json"), "monitoring-ok", "announced", "failed")
    assert not page.incidents


def test_trouble_with_the_page(page: Page, tmp_path: Path) -> None:
    """A wrong key is for a person; 420 is Statuspage's own word for: slowly."""
    with pytest.raises(Never):
        channel(page, key="wrong").check()
    assert "0 incidents" in channel(page).check()
    page.trouble = 420
    with pytest.raises(Later):
        channel(page).check()
