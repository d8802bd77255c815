"""Flows as measurements, as JUnit, and as one of verify's looks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from xml.etree.ElementTree import fromstring

import pytest
from shop_server import ShopServer

from hummii_ops.checks.flows.company import may_not
from hummii_ops.checks.flows.junit import junit
from hummii_ops.checks.flows.measure import measure
from hummii_ops.checks.flows.models import Flow
from hummii_ops.checks.flows.played import Played, StepResult
from hummii_ops.checks.verdict import Judged
from hummii_ops.inventory import Environment, Flows, load
from hummii_ops.tasks.health.flow_look import look_at_flows

ROOT = Path(__file__).resolve().parents[3]
STEP = StepResult(name="list", verdict="pass", attempts=3, median_ms=40, limit_ms=50)


def played(verdict: Judged = "pass", reason: str = "", *steps: StepResult) -> Played:
    return Played(flow="order", verdict=verdict, reason=reason, steps=steps, limits=("list",), elapsed_s=1.5)


def test_a_flow_and_its_speed_are_two_measurements() -> None:
    """With the number of requests, the time, and why; a speed that was not reached is not judged."""
    flow, speed = measure([played("pass", "", STEP)])
    assert (flow.verdict, flow.samples, flow.window_s) == ("pass", 3, 1.5)
    assert (speed.verdict, speed.value, speed.limit) == ("pass", 40, 50)
    flow, speed = measure([played("fail", "create: HTTP 500, not 201")])
    assert (flow.verdict, speed.verdict) == ("fail", "inconclusive")
    assert flow.reason in speed.reason
    assert [one.name for one in measure([played("skipped", "not in flows.allow")])] == ["flow.order"]


def environment(folder: Path, url: str, flows: str) -> Environment:
    (folder / "inventory.yml").write_text(
        f"environments: {{lab: {{hosts: [{{name: a, address: b, user: c{url}}}]{flows}}}}}\n"
    )
    return load(folder / "inventory.yml").choose("lab")


@pytest.mark.parametrize(
    ("url", "flows", "verdict", "words"),
    [
        (", url: 'http://h.invalid'", "", "skipped", "no flow is allowed here"),
        (", url: 'http://h.invalid'", ", flows: {payments: test}", "skipped", "no flow is allowed here"),
        ("", ", flows: {allow: [x]}", "skipped", "no public URL"),
        (", url: 'http://h.invalid'", ", flows: {allow: [x]}", "error", "1 mistake in the files: fab flows.check"),
    ],
)
def test_where_no_flow_can_run_verify_says_so(tmp_path: Path, url: str, flows: str, verdict: str, words: str) -> None:
    """Silence would look like a pass."""
    here = environment(tmp_path, url, flows)
    (only,) = look_at_flows(here, here.hosts[0], Event()).measurements
    assert (only.name, only.verdict) == ("flows", verdict)
    assert words in only.reason


def test_verify_notes_what_could_not_be_taken_away(
    server: ShopServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a note, and lowers no verdict; a flow that is not allowed is skipped by its name."""
    monkeypatch.setenv("HUMMII_INVENTORY", str(tmp_path / "inventory.yml"))
    server.shop.broken = {"leaving"}
    here = environment(tmp_path, f", url: '{server.url}'", f", flows: {{dir: {ROOT / 'flows'}, allow: [login]}}")
    look = look_at_flows(here, here.hosts[0], Event())
    assert {one.name: one.verdict for one in look.measurements} == {
        "flow.login": "pass", "flow.chat": "skipped", "flow.order": "skipped", "flow.payment": "skipped",
        "flow.registration": "skipped",
    }  # fmt: skip
    assert look.notes == ("1 of the flows' test accounts or things could not be taken away: fab flows.clean",)


def test_what_pays_elsewhere_is_allowed_there_or_nowhere(flow: Callable[[str], Flow]) -> None:
    """The host that the step itself asks counts, not the stack's own; one that is not known yet is never allowed."""
    at = "steps:\n  - name: pay\n    payment: test\n    http: {method: POST, path: %s}\n"
    settings = Flows(allow=("*",), payment_hosts=("shop.invalid",))
    assert may_not(flow(at % "/pay"), settings, "https://shop.invalid") is None
    for path in ("https://bank.invalid/pay", "'https://{{run_id}}/pay'"):
        assert may_not(flow(at % path), settings, "https://shop.invalid")
        assert may_not(flow(at % path), Flows(allow=("*",), payments="test"), "https://shop.invalid") is None


def test_junit_counts_what_it_holds() -> None:
    """A flow without steps is a case of its own; no character breaks the file."""
    bad = StepResult(name="create", verdict="fail", reason="it said \x00 <&>")
    root = fromstring(junit({"h": [played("fail", "", STEP, bad), played("skipped", "not allowed")]}))
    assert [(one.get("tests"), one.get("failures"), one.get("skipped")) for one in root] == [
        ("2", "1", "0"),
        ("1", "0", "1"),
    ]
    assert root[0][1][0].get("message") == "it said  <&>"


def test_a_task_without_flows_loads_nothing_of_them() -> None:
    """What only a flow needs is not loaded at the start of every task."""
    heavy = ("socketio", "websocket", "jmespath", "httpx", "hummii_ops.checks.flows.models", "xml.etree.ElementTree")
    code = f"import sys, fabfile; print([one for one in {heavy!r} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
