"""Verbs that ask a URL, by curl and by wget, as a person on the host would."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from host_tools import wait_for
from rig import Rig
from verb_world import World


class Site(BaseHTTPRequestHandler):
    """Answers by the path."""

    asked: ClassVar[dict[str, int]] = {}

    def do_GET(self) -> None:
        self.asked[self.path] = self.asked.get(self.path, 0) + 1
        code, body = {
            "/good": (200, '{"status": "ok",\n "version" : "1.0"}'),
            "/other": (200, '{"version":"1.01"}'),
            "/ill": (503, '{"version":"1.0"}'),
            "/moved": (301, '{"version":"1.0"}'),
            "/empty": (204, ""),
            "/late": (200 if self.asked[self.path] > 3 else 502, '{"version":"1.0"}'),
        }.get(self.path, (404, ""))
        self.send_response(code)
        self.send_header("Location", "/good")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    Site.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["curl", "wget"])
def asking(request: pytest.FixtureRequest, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A PATH with one of the two programs that can ask a URL."""
    found = next(
        (path for folder in ("/usr/bin", "/bin") if (path := Path(folder, request.param)).exists()),
        None,
    )
    if found is None:
        pytest.fail(f"this test needs {request.param}: apt-get install -y {request.param}", pytrace=False)
    (tmp_path / "asking").mkdir()
    (tmp_path / "asking" / request.param).symlink_to(found)
    monkeypatch.setenv("PATH", f"{rig.tools}:{tmp_path}/asking")
    return str(request.param)


ANSWERS = [
    ("/good", "version", "1.0", True),
    ("/good", "-", "-", True),
    ("/empty", "-", "-", True),
    ("/good", "version", "1.1", False),
    ("/other", "version", "1.0", False),
    ("/ill", "version", "1.0", False),
    ("/ill", "-", "-", False),
    ("/moved", "version", "1.0", False),
    ("/moved", "-", "-", False),
    ("/missing", "-", "-", False),
]


def test_answers(asking: str, site: str, world: World) -> None:
    """A good answer is 2xx and names the version, when one is asked for; a redirect is none. With curl or with wget."""
    for path, field_, version, good in ANSWERS:
        assert world.holds("answers", f"{site}{path}", field_, version) is good, path
    assert not world.holds("answers", "http://127.0.0.1:1/", "-", "-")


@pytest.fixture
def odd_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account with a proxy that is down, and with habits of its own in the files that curl and wget read."""
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".curlrc").write_text("location\nproxy = http://127.0.0.1:1\n")
    (tmp_path / ".wgetrc").write_text("header = Host: elsewhere\nuse_proxy = on\nhttp_proxy = http://127.0.0.1:1\n")


def test_an_accounts_proxy_does_not_decide(asking: str, odd_account: None, site: str, world: World) -> None:
    """Health is asked of the host itself: no proxy, no .curlrc, no .wgetrc."""
    assert world.holds("answers", f"{site}/good", "version", "1.0")
    assert not world.holds("answers", f"{site}/moved", "version", "1.0")


def test_a_probe_asks_as_health_does(asking: str, odd_account: None, site: str, world: World) -> None:
    """The probe of the health URL goes past the account's proxy and habits too."""
    with subprocess.Popen(["sleep", "60"]) as runner:
        words = ["sh", str(world.folder / "lib/probe.sh"), str(world.folder), f"{site}/good", str(runner.pid)]
        with subprocess.Popen(words):
            wait_for(lambda: (world.folder / "evidence/probe.txt").exists())
            runner.kill()
            runner.wait()
    codes = {line.split()[2] for line in (world.folder / "evidence/probe.txt").read_text().splitlines()}
    assert codes == {"200"}


@pytest.mark.parametrize(("field_", "version"), [("-", "-"), ("version", "1.0")])
def test_await_answer(asking: str, site: str, world: World, field_: str, version: str) -> None:
    """A wait goes on while the answer is bad, also when no version is compared, and ends with the first good one."""
    assert world.act("await_answer", "20", f"{site}/late", field_, version) == 0
    assert Site.asked["/late"] == 4
    done = world.call("act", ("await_answer", "0", f"{site}/ill", field_, version))
    assert done.returncode == 1
    assert b"gave no good answer" in done.stdout
