"""A headless Chromium, driven over its own protocol: what a page asks for, what it complains of, how it looks."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import websocket

_LIMIT_S = 60.0


@dataclass(kw_only=True)
class Browser:
    """One page of it. `asked`: the address of each request; `complaints`: errors of scripts and of the page."""

    socket: websocket.WebSocket
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _loaded: bool = False

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol, and its result; what happens meanwhile is kept."""
        number = next(self._numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = self._hear()
            if said.get("id") == number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result

    def open(self, url: str, *, width: int, dark: bool) -> None:
        """The page, loaded, as a window of this width shows it."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self._loaded = False
        self.call("Page.navigate", url=url)
        while not self._loaded:
            self._hear()

    def value(self, expression: str) -> Any:
        """What an expression gives in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def picture(self, path: Path, *, height: int) -> None:
        """The page from its top, so high, as a PNG."""
        width = self.value("document.documentElement.clientWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        said = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(said["data"]))

    def _hear(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.socket.recv())
        match said.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(said["params"]["request"]["url"])
            case "Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled":
                self.complaints.append(json.dumps(said["params"]))
            case "Page.loadEventFired":
                self._loaded = True
        return said


@contextmanager
def browser(room: Path) -> Iterator[Browser]:
    """A Chromium with nothing in it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("these tests look at pages with Chromium: apt-get install -y chromium", pytrace=False)
    words = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"]
    words += ["--no-sandbox"] if os.geteuid() == 0 else []  # root gets none
    words += ["--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={room / 'chromium'}"]
    process = subprocess.Popen(
        [program, *words, "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        socket = websocket.create_connection(_first_page(room / "chromium"), timeout=_LIMIT_S)
        found = Browser(socket=socket)
        for domain in ("Page", "Network", "Runtime", "Log"):
            found.call(f"{domain}.enable")
        yield found
        socket.close()
    finally:
        process.terminate()
        process.wait(20)


def _first_page(profile: Path) -> str:
    """The address at which the page that is open is driven."""
    import urllib.request

    port_file, end = profile / "DevToolsActivePort", time.monotonic() + _LIMIT_S
    while True:
        assert time.monotonic() < end, "Chromium did not come up"
        time.sleep(0.1)
        port = re.match(r"\d+", port_file.read_text() if port_file.is_file() else "")
        if not port:
            continue
        with urllib.request.urlopen(f"http://127.0.0.1:{port[0]}/json/list", timeout=10) as answer:
            pages = [one for one in json.load(answer) if one["type"] == "page"]
        if pages:
            return str(pages[0]["webSocketDebuggerUrl"])
