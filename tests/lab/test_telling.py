"""A night with everybody told: the page "critical bug" with all channels on, and what it leaves behind."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import certificate
from counterparts import Counterpart, counterpart
from every_channel import NAMES, Everyone, channels, everyone
from lab_operator import Operator, until
from lab_production import FILE, PROJECT, Production
from telling_rig import TOKEN
from vendors import Github

pytestmark = pytest.mark.lab

STATUS = f"{PROJECT}/status"
MOUNT = "      - ./status:/usr/share/nginx/html/status:ro"


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Everyone]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(tmp_path / "server.pem")))
    with everyone(tmp_path / "server.pem") as found:
        yield found


@pytest.fixture
def team() -> Iterator[Counterpart]:
    """The team's own repository."""
    with counterpart("", Github()) as server:
        yield server


@pytest.fixture
def shown(fresh: Production) -> Iterator[Production]:
    """A production whose nginx shows a folder for the status page."""
    fresh.sh(f"mkdir -p {STATUS}; chown deploy:deploy {STATUS}")
    fresh.sh(f'cd {PROJECT}; sed -i "/default.conf:ro/a\\\\$1" {FILE}; chown deploy:deploy {FILE}', MOUNT)
    fresh.sh(f"cd {PROJECT}; docker compose -f {FILE} up -d nginx 2>&1", user="deploy")
    until(lambda: fresh.serves("1.0"), what="1.0 serves, with the folder")
    yield fresh
    fresh.sh(f"cd {PROJECT}; sed -i '\\|./status:|d' {FILE}; rm -rf {STATUS}")
    fresh.rewind()


@pytest.fixture
def told(
    laptop: Callable[..., Operator], people: Everyone, team: Counterpart, monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """An operator whose inventory names all of them; at the end of a task everything has arrived."""
    found, addresses = channels(people.places)
    found.append({"kind": "static-page-on-host", "name": "page", "host": "lab-1", "folder": STATUS})
    for name, text in ({"token": TOKEN} | addresses).items():
        monkeypatch.setenv(f"TELLING_{name.upper()}", text)
    secrets = {name: {"env": f"TELLING_{name.upper()}"} for name in ("token", *addresses)}
    notify = {"channels": found, "attempt_s": 30, "flush_s": 60}
    followups = {"repository": "hummii/hummii", "token": "token", "url": team.url}
    keys = {"secrets": secrets, "notify": notify, "followups": followups}
    return laptop(keys="\n".join(f"{name}: {json.dumps(value)}" for name, value in keys.items()))


def fetched(production: Production, name: str) -> str:
    with urllib.request.urlopen(f"{production.host.url}/status/{name}", timeout=10) as answer:
        return str(answer.read().decode())


def test_a_critical_bug_with_everybody_told(
    shown: Production, told: Operator, people: Everyone, team: Counterpart
) -> None:
    """It leaves the thread, the incident's life on every page, the record of it all, and the follow-ups."""
    assert len(told.fab("notify.check").ended(0).document["channels"]) == len(NAMES) + 1
    shown.deploy("1.2")
    until(lambda: shown.serves("1.2"), what="1.2 serves")
    end = told.fab("critical-bug", "--yes", "--settle=1", "--reason=orders fail").ended(0).document
    run = end["run"]["run_id"]
    assert end["run"]["undelivered"] == []
    assert json.loads(fetched(shown, "status.json"))["incidents"][0]["stage"] == "monitoring"
    told.fab("announce", f"--run={run}", "--kind=monitoring-ok", "--text=an hour without an error").ended(0)
    assert_the_thread(people, run)
    assert_the_incidents_life(people)
    page, html = json.loads(fetched(shown, "status.json")), fetched(shown, "")
    assert (page["ok"], [one["stage"] for one in page["incidents"][0]["updates"]]) == (True, LIFE)
    assert "All is well." in html
    assert "orders fail" not in html
    assert "1.2" not in html
    assert_the_record(told, run)
    items = told.fab("followups", f"--run={run}", "--open-issues").ended(0).document["items"]
    assert [one["issue"] for one in items if not one["issue"]] == []
    vendor = team.vendor
    assert isinstance(vendor, Github)
    assert len(vendor.issues) == len(items) == 12


LIFE = ["identified", "monitoring", "resolved"]


def assert_the_thread(people: Everyone, run: str) -> None:
    """One message that says how it ended, and in its thread what happened; the mails are one thread too."""
    root, *thread = people.vendor("slack").messages
    assert {one["thread_ts"] for one in thread} == {root["ts"]}
    edits = [one["text"] for one in people.vendor("slack").updates]
    assert "rollback succeeded: 1.0 runs" in "".join(edits)
    assert "an hour without an error" in edits[-1]
    assert {one["References"] for one in people.box.mails} == {f"<{run}@hummii.example>"}
    pager = people.vendor("pagerduty")
    assert (pager.alerts, len(pager.changes)) == ({}, 2)


def assert_the_incidents_life(people: Everyone) -> None:
    """Identified, monitoring, resolved; the component is what it was before."""
    statuspage, github = people.vendor("statuspage"), people.vendor("github-issue")
    (incident,) = statuspage.incidents
    assert [one["status"] for one in reversed(incident["incident_updates"])] == LIFE
    assert statuspage.components["api"] == "degraded_performance"
    assert [one["state"] for one in github.issues] == ["closed"]


def assert_the_record(told: Operator, run: str) -> None:
    """The page's stages, the run's steps and what people were told, in one timeline; all of it has arrived."""
    report: dict[str, Any] = told.fab("report", f"--run={run}").ended(0).document
    assert (report["scenario"], report["verdict"], report["complete"]) == ("critical-bug", "pass", True)
    assert {"run", "journal", "scenario", "told"} <= {one["source"] for one in report["timeline"]}
    assert {one["state"] for message in report["messages"] for one in message["channels"]} == {"delivered"}
    assert report["checks"]
    kept = told.mirror(run).parent
    assert {path.name for path in kept.glob("report.*")} == {
        "report.html",
        "report.md",
        "report.json",
        "report.junit.xml",
    }
