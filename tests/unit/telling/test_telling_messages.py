"""The record says what people were told, whom it reached, and which page of the procedure the run was a part of."""

from __future__ import annotations

import json
from pathlib import Path

import run_folders
from jsonschema import Draft202012Validator

from hummii_ops.plans.plan import Plan
from hummii_ops.run import kept
from hummii_ops.run.ship import About
from hummii_ops.run.ship import folder as shipped
from hummii_ops.telling.desk import Desk
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Outbox
from hummii_ops.telling.report.document import document
from hummii_ops.telling.report.html import html
from hummii_ops.telling.report.junit import junit
from hummii_ops.telling.report.markdown import markdown

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "report.schema.json"


def told(folder: Path) -> None:
    """The team heard all, perhaps one thing twice; the pager nothing, for its key is refused."""
    channels = [
        {"name": "team", "kind": "slack", "audience": "team"},
        {"name": "pager", "kind": "pagerduty", "audience": "team"},
        {"name": "page", "kind": "static-page", "audience": "public"},
    ]
    Desk(folder).open(inventory=folder / "inventory.yml", environment="lab", channels=channels)
    outbox = Outbox(folder)
    for kind in ("planned", "started", "step", "succeeded"):
        outbox.append(kind, {"from": "1.1", "to": "1.0"})  # type: ignore[arg-type]  # kinds of notes
    outbox.append("announced", {"text": "orders <b>work</b> again, password=hunter2"})
    ids = [note.id for note in outbox.notes()]
    done = dict.fromkeys(ids, "x")
    Ledger(path=outbox.desk / "team.json", delivered=done, twice=[ids[1]]).save()
    Ledger(path=outbox.desk / "pager.json", disabled="pagerduty answered 401").save()
    Ledger(path=outbox.desk / "page.json", delivered={ids[1]: "x"}, left={ids[3]: "no space"}).save()


def test_what_people_were_told_is_in_the_record(tmp_path: Path) -> None:
    """By message and channel, in the timeline and in the figures; what a channel is not told of is not missing."""
    folder = run_folders.laid(tmp_path)
    told(folder)
    report = document(kept.read(folder))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert [one.message for one in Draft202012Validator(schema).iter_errors(report)] == []
    states = {
        (message["kind"], one["channel"]): one["state"] for message in report["messages"] for one in message["channels"]
    }
    assert states["started", "team"] == "may have been sent twice"
    assert states["succeeded", "pager"] == "not delivered"
    assert ("planned", "page") not in states
    assert not [kind for kind, _ in states if kind == "step"]
    (announced,) = [one for one in report["timeline"] if one["source"] == "told" and "announced" in one["words"]]
    assert announced["words"].startswith("told team: announced: orders <b>work</b> again, password=***")
    assert announced["evidence"] == {"file": "outbox.jsonl", "line": 5}
    for page in (markdown(report), html(report)):
        assert "may have been sent twice: team (started)" in page
        assert "not delivered: pager (planned)" in page
        assert "hunter2" not in page


def test_a_run_without_channels_says_nothing_of_them(tmp_path: Path) -> None:
    """Nobody was to be told: no figure, no line."""
    report = document(kept.read(run_folders.laid(tmp_path)))
    assert (report["messages"], report["scenario"]) == ([], None)
    assert "People told" not in html(report)


def test_the_stages_of_a_page_are_in_the_timeline(tmp_path: Path) -> None:
    """Each when it ended, with its verdict; a file that was edited by hand breaks nothing."""
    folder = run_folders.laid(tmp_path)
    about = folder / run_folders.HOST / "about"
    about.write_text(about.read_text(encoding="utf-8") + "scenario=critical-bug\n", encoding="utf-8")
    stage = {"title": "Verify that the issue is critical", "verdict": "fail", "found": ["flow.order: it fails <b>"]}
    stages = [stage | {"at": "2026-11-22T14:31:00+00:00"}, stage | {"at": "soon"}, 7]
    (folder / kept.SCENARIO).write_text(json.dumps({"title": "Critical Bug", "stages": stages}), encoding="utf-8")
    report = document(kept.read(folder))
    assert report["scenario"] == "critical-bug"
    (line,) = [one for one in report["timeline"] if one["source"] == "scenario"]
    assert line["words"] == "Critical Bug: Verify that the issue is critical: fail: flow.order: it fails <b>"
    assert report["timeline"][0] == line
    assert "it fails &lt;b&gt;" in html(report)
    assert junit(report)
    (folder / kept.SCENARIO).write_text("[]", encoding="utf-8")
    assert document(kept.read(folder))["verdict"] == "pass"


def test_a_run_says_which_page_it_is_a_part_of(tmp_path: Path) -> None:
    """In its `about`, on the host and here; a run by itself says nothing."""
    text = (run_folders.laid(tmp_path) / run_folders.HOST / "plan.json").read_text(encoding="utf-8")
    plan = Plan.from_json(json.loads(text))
    about = {"run_id": run_folders.RUN, "task": "rollback", "who": "me", "reason": "x", "since_ms": 1, "hosts": ("h",)}
    assert "\nscenario=critical-bug\n" in shipped(plan, About(**about, scenario="critical-bug"))["about"]
    assert "scenario" not in shipped(plan, About(**about))["about"]
