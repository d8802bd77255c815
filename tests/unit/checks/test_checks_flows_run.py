"""fab flows.run, flows.check and flows.clean as a person calls them: processes, exit codes, Ctrl-C, kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from shop_server import ShopServer

ROOT = Path(__file__).resolve().parents[3]
Fab = Callable[..., "subprocess.Popen[str]"]
ALL = '{dir: %s, allow: ["*"], payments: test}'


def inventory(folder: Path, url: str, flows: str) -> None:
    (folder / "inventory.yml").write_text(
        f'environments:\n  lab:\n    hosts: [{{name: lab-1, address: 127.0.0.1, user: x, url: "{url}"}}]\n'
        + (f"    flows: {flows}\n" if flows else "")
    )


@pytest.fixture
def fab(tmp_path: Path, server: ShopServer) -> Fab:
    """Starts fab in a folder whose inventory names the shop, with all flows allowed."""
    inventory(tmp_path, server.url, ALL % json.dumps(str(ROOT / "flows")))

    def start(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["env", "--default-signal=INT", str(ROOT / ".venv/bin/fab"), f"--search-root={ROOT}", *words],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if not name.startswith("HUMMII_")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def ended(process: subprocess.Popen[str], exit_code: int) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == exit_code, out + err
    return out + err


def document(fab: Fab, exit_code: int, *words: str) -> Any:
    process = fab(*words, "--format=json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == exit_code, out + err
    return json.loads(out)


def test_a_run_that_passes_and_one_that_does_not(fab: Fab, server: ShopServer, tmp_path: Path) -> None:
    """0 with every flow; 7 with the flow and the step named, in the text, in JSON and in JUnit; no password in any."""
    found = document(fab, 0, "flows.run", "--junit=out/flows.xml")
    assert [one["verdict"] for one in found["hosts"][0]["flows"]] == ["pass"] * 5
    assert {"flow.order", "speed.order.list-orders"} <= {one["name"] for one in found["measurements"]}
    suites = JUnitXml.fromfile(str(tmp_path / "out/flows.xml"))
    assert (len(list(suites)), suites.failures, suites.errors) == (5, 0, 0)

    server.shop.broken = {"payment"}
    said = ended(fab("flows.run", "--only=payment,login", "--junit=flows.xml"), 7)
    assert "pay: HTTP 402, not 201" in said
    assert "fail: the flows are not well: flow.payment" in said
    suites = JUnitXml.fromfile(str(tmp_path / "flows.xml"))
    failed = [case for suite in suites for case in suite if case.result]
    assert [(case.name, case.result[0].message) for case in failed] == [("pay", "HTTP 402, not 201")]
    written = said + (tmp_path / "flows.xml").read_text() + json.dumps(found)
    passwords = {json.loads(text)["password"] for what, _, text in server.shop.asked if "login" in what}
    assert not [one for one in passwords if one in written]


def test_what_cannot_run_says_so(fab: Fab, server: ShopServer, tmp_path: Path) -> None:
    """A name that is no flow (2), an api that is down and an environment without flows (10): nothing was sent."""
    assert "registration" in ended(fab("flows.run", "--only=registr"), 2)
    server.shop.broken = {"health"}
    assert "api is down" in ended(fab("flows.run"), 10)
    inventory(tmp_path, server.url, "")
    assert "no flow is allowed here" in ended(fab("flows.run"), 10)
    assert {what for what, _, _ in server.shop.asked} == {"GET /api/health"}


def test_check_tells_every_mistake(fab: Fab, server: ShopServer, tmp_path: Path) -> None:
    """2, with file, line and column; run refuses such a folder, and names the command that shows all."""
    assert document(fab, 0, "flows.check")["allowed"] == ["chat", "login", "order", "payment", "registration"]
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text("steps:\n  - name: A\n    htp: {path: /}\n")
    inventory(tmp_path, server.url, "{allow: [b]}")
    found = document(fab, 2, "flows.check")
    assert [(one["line"], one["column"]) for one in found["problems"]] == [(2, 11), (3, 5), (1, 1)]
    assert "fab flows.check" in ended(fab("flows.run"), 2)
    assert server.shop.asked == []


def strike_at(server: ShopServer, number: int, process: subprocess.Popen[str], what: signal.Signals) -> None:
    """Send the signal while that request is on its way."""

    def strike(_what: str) -> None:
        if len(server.shop.asked) == number:
            process.send_signal(what)
            time.sleep(0.3)

    server.shop.after = strike


@pytest.mark.parametrize("number", [2, 6, 14, 30])
def test_ctrl_c_cleans_up(fab: Fab, server: ShopServer, number: int) -> None:
    """130 wherever it comes, and nothing is left."""
    process = fab("flows.run")
    strike_at(server, number, process, signal.SIGINT)
    said = ended(process, 130)
    assert "stopped" in said
    assert "Traceback" not in said
    assert server.shop.anything_left() == []


def test_after_kill_9_clean_finishes(fab: Fab, server: ShopServer) -> None:
    """What a killed process made is found in the ledger, and taken away; once more is nothing to do."""
    process = fab("flows.run", "--only=chat")
    strike_at(server, 6, process, signal.SIGKILL)
    ended(process, -9)
    server.shop.after = lambda _: None
    assert len(server.shop.users) == 2
    found = document(fab, 0, "flows.clean")
    assert len(found["cleaned"]) == 2
    assert server.shop.anything_left() == []
    assert document(fab, 0, "flows.clean")["cleaned"] == []


def test_clean_leaves_a_running_flow_alone(fab: Fab, server: ShopServer) -> None:
    """4 while flows run here; they end well."""
    process = fab("flows.run", "--only=login")
    waiting = True

    def hold(what: str) -> None:
        while waiting and "login" in what:
            time.sleep(0.02)

    server.shop.before = hold
    while not server.shop.users:
        assert process.poll() is None
        time.sleep(0.02)
    said = ended(fab("flows.clean"), 4)
    waiting = False
    assert "flows are running here" in said
    ended(process, 0)
    assert server.shop.anything_left() == []
