"""Trouble with status pages: what was left over is told late, and a page is never half one thing and half another."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from counterparts import counterpart
from telling_rig import RUN, Make, until
from vendors import Statuspage

from hummii_ops.telling.outbox import NoteKind
from hummii_ops.telling.teller import Teller

FACTS = {"from": "1.1", "to": "1.0", "who": "you@laptop", "reason": "a broken shop", "hosts": "prod-1"}


def told(teller: Teller, kind: NoteKind) -> None:
    """Say it, and wait until who delivers has ended."""
    teller.say(kind, **FACTS)
    teller.flush(20)
    assert teller.process
    teller.process.wait(timeout=40)


def test_left_over_and_tried_again_after_a_later_one(make: Make) -> None:
    """The page had taken the second note and did not say so; when it is flushed, the third one stays the last."""
    vendor = Statuspage()
    with counterpart("", vendor) as server:
        page = {"kind": "statuspage", "name": "page", "page": "p1", "token": "token", "url": server.url}
        told(make(page), "started")
        server.trouble = "held"
        told(make(page, attempt_s=0.5, retry_s=0.5), "succeeded")
        server.trouble = ""
        told(make(page), "monitoring-ok")
        assert not make(page).flush(20, anew=True)
    (incident,) = vendor.incidents
    stages = [one["status"] for one in reversed(incident["incident_updates"])]
    assert stages == ["identified", "monitoring", "resolved"]


def static(site: Path) -> dict[str, Any]:
    return {"kind": "static-page", "name": "page", "folder": str(site)}


def shown(site: Path) -> list[str]:
    """The ids of the updates, the oldest first; all three files tell the same."""
    incidents = json.loads((site / "status.json").read_text())["incidents"]
    ids = [update["id"] for incident in incidents for update in incident["updates"]]
    feed = re.findall(r"<guid[^>]*>([^<]*)</guid>", (site / "feed.xml").read_text())
    assert sorted(feed) == sorted(ids)
    assert (site / "index.html").read_text().count("<p><time>") == len(ids)
    return ids


def full(name: str) -> tuple[Callable[[Path], object], Callable[[Path], object]]:
    """No room for this file; and room again."""
    beside = f".{name}.new"
    return lambda site: (site / beside).symlink_to("/dev/full"), lambda site: (site / beside).unlink()


def moved(site: Path) -> None:
    site.rename(site.with_name("away"))


def not_to_be_written(site: Path) -> None:
    """Nobody may make a file in /proc, not even root."""
    moved(site)
    site.symlink_to("/proc/self")


def back(site: Path) -> None:
    site.unlink(missing_ok=True)
    site.with_name("away").rename(site)


TROUBLE = {
    "disk full at the page": full("index.html"),
    "disk full at the feed": full("feed.xml"),
    "disk full at the document": full("status.json"),
    "folder gone": (moved, back),
    "folder not writable": (not_to_be_written, back),
    "a file in its place": (lambda site: (moved(site), site.write_text("")), back),
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    made = tmp_path / "site"
    made.mkdir()
    return made


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_with_the_folder(trouble: str, site: Path, make: Make) -> None:
    """The document stays whole as it was; what is not out is named, and a flush puts it there, once."""
    spoil, mend = TROUBLE[trouble]
    told(make(static(site)), "started")
    before = (site / "status.json").read_text()
    spoil(site)
    teller = make(static(site), retry_s=0.1)
    told(teller, "succeeded")
    (left,) = teller.flush(1)
    assert (left.channel, left.kinds, left.over) == ("page", ("succeeded",), True)
    assert str(site) in left.why
    mend(site)
    assert (site / "status.json").read_text() == before
    assert not make(static(site)).flush(20, anew=True)
    assert shown(site) == [f"{RUN}.1", f"{RUN}.2"]


@pytest.mark.parametrize("name", ["index.html", "feed.xml", "status.json"])
def test_killed_while_a_file_is_written(name: str, site: Path, make: Make) -> None:
    """kill -9 before this file was renamed, with half of it beside: the next one makes all three anew."""
    told(make(static(site)), "started")
    beside = site / f".{name}.new"
    os.mkfifo(beside)  # who writes waits here for one who reads
    teller = make(static(site))
    teller.say("succeeded", **FACTS)
    earlier = ["index.html", "feed.xml", "status.json"]
    until(lambda: is_locked(site) and all(entries(site / one) == 2 for one in earlier[: earlier.index(name)]))
    assert teller.process
    os.kill(teller.process.pid, signal.SIGKILL)
    teller.process.wait()
    assert entries(site / name) == 1
    beside.unlink()
    beside.write_text("half of i")
    assert not make(static(site)).flush(20, anew=True)
    assert shown(site) == [f"{RUN}.1", f"{RUN}.2"]
    assert not list(site.glob(".*.new"))


def is_locked(site: Path) -> bool:
    """Is somebody writing?"""
    with (site / ".status.lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def entries(path: Path) -> int:
    """How many updates a file of the page has."""
    return sum(path.read_text().count(word) for word in ("<p><time>", "<item>", '"title":'))


def test_what_comes_late_stands_at_its_time(site: Path, make: Make) -> None:
    """There was no room for it, and it went on: told late, it neither ends the page nor takes back that all is well."""
    told(make(static(site)), "started")
    spoil, mend = full("status.json")
    spoil(site)
    told(make(static(site), retry_s=0.1), "succeeded")
    mend(site)
    writing = make(static(site))
    writing.say("monitoring-ok", **FACTS)
    assert not writing.flush(20)
    assert shown(site) == [f"{RUN}.1", f"{RUN}.2", f"{RUN}.3"]
    assert json.loads((site / "status.json").read_text())["ok"]
