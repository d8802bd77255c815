"""A run that people are told about, when they cannot be: who tells ends in time, with the exit code of the run."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from counterparts import Counterpart, counterpart
from laptop import Laptop
from rig import Rig, Shipped
from rig_steps import failing

from hummii_ops.telling.outbox import Outbox

FLUSH_S = 1
HOOK = {"kind": "webhook", "name": "hook", "signing_secret": "token"}


def told(laptop: Laptop, server: Counterpart) -> None:
    """People are told, by a webhook of theirs."""
    hook = HOOK | {"url": f"{server.url}/hook"}
    notify = {"channels": [hook], "attempt_s": 0.5, "retry_s": 0.5, "flush_s": FLUSH_S}
    laptop.write(secrets={"token": {"env": "LAPTOP_TOKEN"}}, notify=notify)


def begun_here(laptop: Laptop, run: Shipped) -> Path:
    """The run was told as begun from here, by a laptop that was closed since."""
    folder = laptop.folder / ".hummii-ops" / "runs" / run.id
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    Outbox(folder).append("started", {"to": "1.0"})
    return folder


def attached(laptop: Laptop) -> tuple[float, int, dict[str, Any]]:
    """How long fab took, its exit code, and its document."""
    began = time.monotonic()
    code, out, _ = laptop.fab("attach", "--format=json")
    return time.monotonic() - began, code, json.loads(out)


@pytest.mark.parametrize("trouble", ["black-hole", "drip"])
def test_the_process_ends_in_time(laptop: Laptop, dash_rig: Rig, trouble: str) -> None:
    """At most its wait for what is out and a second longer than with nobody to tell, best of three; the same code."""
    run = dash_rig.new_run(dash_rig.swap(failing()))
    run.begin()
    alone = min(attached(laptop)[0] for _ in range(3))
    with counterpart(trouble) as server:
        told(laptop, server)
        took = []
        for _ in range(3):
            begun_here(laptop, run)
            seconds, code, document = attached(laptop)
            took.append(seconds)
            assert (code, document["exit_code"]) == (5, 5)
            assert [one["channel"] for one in document["undelivered"]] == ["hook"]
    assert min(took) < alone + FLUSH_S + 1


def test_what_was_not_delivered_is_named_and_flushed(laptop: Laptop, dash_rig: Rig) -> None:
    """The record on this laptop names it. Sent, it is written anew: who said 500 may have had it before."""
    run = dash_rig.new_run(dash_rig.swap(failing()))
    run.begin()
    with counterpart("500") as server:
        told(laptop, server)
        folder = begun_here(laptop, run)
        assert attached(laptop)[2]["undelivered"]
        assert "not delivered" in (folder / "report.md").read_text()
        server.trouble = ""
        assert laptop.fab("notify.flush", f"--run={run.id}")[0] == 0
        report = json.loads((folder / "report.json").read_text())
        states = {one["state"] for message in report["messages"] for one in message["channels"]}
        assert states == {"may have been sent twice"}
