"""Trouble with the page in a folder on a host: the run pays nothing, what is not out is named, and told when all is
well again; the page is never half one thing and half another."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import pytest
from counterparts import black_hole, closed_port, greeting
from telling_rig import RUN, Make, tellers, until
from test_telling_faults_of_pages import FACTS, entries, is_locked, shown, told

# What the page's script calls on the host: full disks, and moments at which it can be held.
TAR = '#!/bin/sh\n[ ! -e "${0%/*}/full" ] || exec cat >/dev/full\nexec /bin/tar "$@"\n'
MV = """\
#!/bin/sh
here=${0%/*}
if [ "$(cat "$here/hold")" = "${3##*/}" ]; then
    : >"$here/reached"
    while [ -e "$here/hold" ]; do sleep 0.05; done
    [ ! -e "$here/stop" ] || exit 1
fi 2>/dev/null
exec /bin/mv "$@"
"""
FILES = ["index.html", "feed.xml", "status.json"]


@dataclass(frozen=True, kw_only=True)
class Host:
    """An sshd whose sessions find our tools first; `site` is the page's folder."""

    sshd: Any
    tools: Path
    site: Path

    def inventory(self, **changes: Any) -> dict[str, Any]:
        """What an inventory says of it, with changes; `known`: the line of its key."""
        line = self.sshd.line("ed25519", port=changes.get("port"))
        known = self.sshd.known_hosts(changes.pop("known", line))
        one = {"name": "prod-1", "address": "127.0.0.1", "port": self.sshd.port, "user": self.sshd.user}
        one |= {"identity_file": str(self.sshd.key)} | changes
        return {"hosts": [one], "known_hosts": [str(known)], "ssh_config": False}

    @property
    def page(self) -> dict[str, Any]:
        return {"kind": "static-page-on-host", "name": "page", "host": "prod-1", "folder": str(self.site)}


@pytest.fixture
def host(start_sshd: Callable[..., Any], tmp_path: Path) -> Host:
    tools, site = tmp_path / "bin", tmp_path / "status page"
    for made in (tools, site):
        made.mkdir()
    for name, text in (("tar", TAR), ("mv", MV)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return Host(sshd=start_sshd(f"SetEnv PATH={tools}:/usr/bin:/bin HOME={tmp_path}"), tools=tools, site=site)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    run = tmp_path / "runs" / RUN
    run.mkdir(parents=True)
    with tellers(tmp_path, run, monkeypatch) as made:
        yield made


Trouble = Callable[[Host], AbstractContextManager[dict[str, Any]]]


def at_port(port: Callable[[], AbstractContextManager[int]]) -> Trouble:
    """Somebody else answers there, or nobody."""

    @contextmanager
    def trouble(host: Host) -> Iterator[dict[str, Any]]:
        with port() as there:
            yield host.inventory(port=there)

    return trouble


@contextmanager
def refused() -> Iterator[int]:
    yield closed_port()


@contextmanager
def unknown_to_dns(host: Host) -> Iterator[dict[str, Any]]:
    yield host.inventory(address="nobody.invalid")


@contextmanager
def another_key(host: Host) -> Iterator[dict[str, Any]]:
    """The server's key is not the one that is trusted."""
    words = host.sshd.line("ed25519").split()
    other = (host.sshd.folder / "client.pub").read_text().split()[1]
    yield host.inventory(known=" ".join([*words[:2], other]))


@contextmanager
def revoked(host: Host) -> Iterator[dict[str, Any]]:
    """Our key may not log in any more."""
    allowed = host.sshd.folder / "authorized_keys"
    text = allowed.read_text()
    allowed.write_text("")
    yield host.inventory()
    allowed.write_text(text)


@contextmanager
def disk_full(host: Host) -> Iterator[dict[str, Any]]:
    (host.tools / "full").touch()
    yield host.inventory()
    (host.tools / "full").unlink()


@contextmanager
def folder_gone(host: Host) -> Iterator[dict[str, Any]]:
    away = host.site.rename(host.site.with_name("away"))
    yield host.inventory()
    away.rename(host.site)


@contextmanager
def not_writable(host: Host) -> Iterator[dict[str, Any]]:
    """Nobody may make a file in /proc, not even root."""
    with folder_gone(host) as inventory:
        host.site.symlink_to("/proc/self")
        yield inventory
        host.site.unlink()


@contextmanager
def a_file_in_its_place(host: Host) -> Iterator[dict[str, Any]]:
    with folder_gone(host) as inventory:
        host.site.write_text("")
        yield inventory
        host.site.unlink()


@contextmanager
def locked(host: Host) -> Iterator[dict[str, Any]]:
    """Somebody writes, and does not come to an end."""
    with (host.site / ".status.lock").open() as file:
        flock(file, LOCK_EX)
        yield host.inventory()


@contextmanager
def somebody_elses(text: str, host: Host) -> Iterator[dict[str, Any]]:
    """In the document's place stands what is not ours."""
    document = host.site / "status.json"
    kept = document.read_text()
    document.write_text(text)
    yield host.inventory()
    assert document.read_text() == text
    document.write_text(kept)


TROUBLE: dict[str, Trouble] = {
    "refused": at_port(refused),
    "unknown to dns": unknown_to_dns,
    "black hole": at_port(black_hole),
    "silent": at_port(lambda: greeting(b"", 60)),
    "drip": at_port(lambda: greeting(b"S", 1)),
    "huge greeting": at_port(lambda: greeting(b"no ssh here\r\n" * 5000, 0)),
    "another host key": another_key,
    "revoked key": revoked,
    "disk full": disk_full,
    "folder gone": folder_gone,
    "folder not writable": not_writable,
    "a file in its place": a_file_in_its_place,
    "locked": locked,
    "a document that is not ours": lambda host: somebody_elses("mine", host),
    "a huge document": lambda host: somebody_elses('{"incidents": [' + " " * 3_000_000 + "]}", host),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_with_the_page_on_a_host(trouble: str, host: Host, make: Make) -> None:
    """Telling takes no time, the end waits as long as it may, who delivers ends by itself; a flush tells it, once."""
    told(make(host.page, attempt_s=20, **host.inventory()), "started")
    before = [(host.site / name).read_text() for name in FILES]
    with TROUBLE[trouble](host) as inventory:
        teller = make(host.page, attempt_s=1, retry_s=0.1, flush_s=1, **inventory)
        began = time.monotonic()
        teller.say("succeeded", **FACTS)
        assert time.monotonic() - began < 1
        began = time.monotonic()
        teller.flush()
        assert time.monotonic() - began < 2
        assert teller.process
        teller.process.wait(timeout=40)
        (left,) = teller.flush(1)
        assert (left.channel, left.kinds, left.over) == ("page", ("succeeded",), True)
        assert "prod-1" in left.why
    assert [(host.site / name).read_text() for name in FILES] == before
    assert not make(host.page, attempt_s=20, **host.inventory()).flush(20, anew=True)
    assert shown(host.site) == [f"{RUN}.1", f"{RUN}.2"]


@pytest.mark.parametrize("goes_on", [True, False], ids=["host goes on", "host stops"])
@pytest.mark.parametrize("name", FILES)
def test_killed_while_a_file_is_renamed(name: str, goes_on: bool, host: Host, make: Make) -> None:
    """kill -9 of who delivers, between two files; the host's side ends what it began, or is ended too. In the end all
    three tell the same, each thing once, and nothing lies beside them."""
    healthy = {"attempt_s": 20, **host.inventory()}
    told(make(host.page, **healthy), "started")
    (host.tools / "hold").write_text(name)
    teller = make(host.page, **healthy)
    teller.say("succeeded", **FACTS)
    until((host.tools / "reached").exists)
    assert teller.process
    os.kill(teller.process.pid, signal.SIGKILL)
    teller.process.wait()
    assert [entries(host.site / one) for one in FILES] == [1 + (one in FILES[: FILES.index(name)]) for one in FILES]
    if not goes_on:
        (host.tools / "stop").touch()
    (host.tools / "hold").unlink()
    until(lambda: not is_locked(host.site))
    assert entries(host.site / "status.json") == 1 + goes_on
    assert not make(host.page, **healthy).flush(20, anew=True)
    assert shown(host.site) == [f"{RUN}.1", f"{RUN}.2"]
    assert {path.name for path in host.site.iterdir()} == {".status.lock", *FILES}
