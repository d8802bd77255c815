"""The status page and the record of a run as a real Chromium shows them: nothing is fetched, nothing complains, nothing
sticks out, and dark is dark. HUMMII_PICTURES=write keeps what was seen in docs/images."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import run_folders
from browser import Browser, browser

from hummii_ops.inventory.status_pages import StaticPage
from hummii_ops.telling.channels.channel import Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note, NoteKind
from hummii_ops.telling.report.write import write
from hummii_ops.telling.status_page.static import OwnPage

IMAGES = Path(__file__).resolve().parents[3] / "docs" / "images"
NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
WIDE, NARROW = 900, 390


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server with a status page, an incident open and one solved, and the record of a run."""
    folder = tmp_path_factory.mktemp("site")
    kinds: tuple[NoteKind, ...] = ("started", "succeeded", "monitoring-ok", "started", "restored")
    page = OwnPage(
        StaticPage(kind="static-page", name="page", folder=folder), Words(audience="public", service="Hummii")
    )
    for number, kind in enumerate(kinds):
        run = "run-a" if number < 3 else "run-b"
        at = NOW + timedelta(minutes=number * 7)
        page.send(Note(id=f"{run}.{number}", run_id=run, kind=kind, at=at, facts={}), Ledger(path=folder), again=False)
    record = run_folders.laid(folder)
    write(record, limit_ms=1000)
    (folder / "report.html").write_bytes((record / "report.html").read_bytes())
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(("name", "path"), [("status-page", "index.html"), ("report", "report.html")])
def test_a_page_in_a_browser(
    chromium: Browser, site: str, tmp_path: Path, name: str, path: str, width: int, dark: bool
) -> None:
    """One request, its own; no error; all of it fits the width; the paper is as dark as was asked."""
    chromium.asked.clear()
    chromium.complaints.clear()
    chromium.open(f"{site}/{path}", width=width, dark=dark)
    assert [one for one in chromium.asked if not one.endswith("favicon.ico")] == [f"{site}/{path}"]
    assert [one for one in chromium.complaints if "favicon.ico" not in one] == []
    assert chromium.value("document.documentElement.scrollWidth") <= width
    assert luminance(chromium, dark) < 0.3 if dark else luminance(chromium, dark) > 0.8
    assert chromium.value("document.scripts.length") == 0
    shot = f"{name}-{'wide' if width == WIDE else 'narrow'}-{'dark' if dark else 'light'}.png"
    folder = IMAGES if os.environ.get("HUMMII_PICTURES") == "write" else tmp_path
    chromium.picture(folder / shot, height=1000 if name == "report" else 640)
    assert (folder / shot).stat().st_size > 5000


def luminance(chromium: Browser, dark: bool) -> float:
    """Of the page's paper, 0 to 1; what is not painted is the browser's own."""
    painted = "getComputedStyle(document.body).backgroundColor"
    colour = chromium.value(painted)
    if colour == "rgba(0, 0, 0, 0)":
        canvas = chromium.value("getComputedStyle(document.documentElement).colorScheme")
        return 0.1 if dark and "dark" in canvas else 1.0
    red, green, blue = (int(one) for one in colour.removeprefix("rgb(").rstrip(")").split(",")[:3])
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
