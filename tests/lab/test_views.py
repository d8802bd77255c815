"""What an operator looks at and notes down: dry runs, plans as commands, marks, holds, evidence, finished runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab_operator import Operator
from lab_production import Production

from lab import container

pytestmark = pytest.mark.lab

DRY = ("rollback", "--latest", "--dry-run")


@pytest.fixture(scope="module")
def stack(production: Production) -> Production:
    """1.0 → 1.1 → 1.2, none of them ever verified."""
    production.rewind()
    production.deploy("1.1")
    production.deploy("1.2")
    return production


def test_marks_decide_what_latest_means_and_a_dry_run_changes_nothing(stack: Production, operator: Operator) -> None:
    """--latest is 1.1, and with 1.1 marked bad 1.0, said in a plan that warns; files, containers, images stay."""
    before = stack.fingerprint()
    plan = operator.fab(*DRY).ended(0).document["plans"][0]
    assert plan["target"]["label"] == "1.1"
    text = operator.fab(*DRY, "--reason=just looking", "--format=text").ended(0).everything
    assert "never proven" in text
    assert "just looking" in text
    assert stack.fingerprint() == before

    operator.fab("mark", "--bad", "--release=1.1", "--reason=always 503").ended(0)
    plan = operator.fab(*DRY).ended(0).document["plans"][0]
    assert plan["target"]["label"] == "1.0"
    assert any("1.1" in said and "bad" in said for said in plan["changes"])
    listed = operator.fab("releases").ended(0).document["releases"]
    assert {one["version"]: one["goodness"] for one in listed} == {"1.1": "bad", "1.0": "unknown"}

    operator.fab("mark", "--good", "--bad", "--reason=both").ended(2)
    operator.fab("mark", "--good", "--release=7.7", "--reason=no such").ended(3)


def test_a_hold_is_shown_until_it_is_lifted(stack: Production, operator: Operator) -> None:
    """hold needs a reason (2 without); status shows it; unhold lifts it, and may be said twice."""
    operator.fab("hold").ended(2)
    operator.fab("hold", "--reason=hands off").ended(0)
    assert operator.fab("status").document["hold"]["reason"] == "hands off"
    operator.fab("unhold").ended(0)
    operator.fab("unhold").ended(0)
    assert operator.fab("status").document["hold"] is None


def test_a_plan_as_commands_does_what_it_says(stack: Production, operator: Operator) -> None:
    """--dry-run --format=sh changes nothing; typed on the host by the deploy user it ends in the target."""
    before = stack.fingerprint()
    operator.fab("rollback", "--to=1.0", "--settle=1", "--format=sh").ended(2)
    script = operator.fab("rollback", "--to=1.0", "--settle=1", "--dry-run", "--format=sh").ended(0).stdout
    assert stack.fingerprint() == before
    container.inside(stack.name, "sh", user="deploy", stdin=script, limit_s=240)
    assert stack.serves("1.0")
    assert stack.images()["api"] == stack.image("hummii-api:1.0")
    stack.deploy("1.2")


def test_a_finished_run_can_be_seen_from_any_laptop(stack: Production, operator: Operator) -> None:
    """attach shows a finished run from its first step to its last; runs lists it; evidence brings its folder home."""
    run = operator.fab("rollback", "--to=1.0", "--yes", "--settle=1", "--reason=orders").ended(0).document
    attached = operator.fab("attach").ended(0).document
    assert attached["run_id"] == run["run_id"]
    assert attached["steps"] == run["steps"]
    assert (attached["from"], attached["to"], attached["outage_s"]) == (run["from"], run["to"], run["outage_s"])
    assert operator.fab("attach", "--format=text").ended(0).stdout
    listed = operator.fab("runs").ended(0).document["runs"]
    assert [(one["run_id"], one["state"], one["reason"]) for one in listed] == [(run["run_id"], "done", "orders")]
    folder = Path(operator.fab("evidence").ended(0).document["folders"][0]["folder"])
    assert (folder / "evidence/before/ps.txt").read_text().count("hummii-") >= 4
    assert list((folder / "evidence/before").glob("*.log"))
    for words in (("attach", "--run=20200101T000000Z-rollback-0000"), ("resume", "--yes"), ("cancel", "--yes")):
        operator.fab(*words).ended(3)


def test_undo_leaves_other_peoples_work_alone(stack: Production, operator: Operator) -> None:
    """A deploy of the bad release, since the run: status says that it went past the hold, verify fails for the mark
    (7), undo is refused (3), and nothing changes."""
    assert operator.fab("status").document["hold"]["bypassed"] == []
    stack.deploy("1.2")
    before = stack.fingerprint()
    assert "api" in [one["name"] for one in operator.fab("status").document["hold"]["bypassed"]]
    document = operator.fab("verify", "--settle=0").ended(7).document
    assert "release.mark" in [one["name"] for one in document["measurements"] if one["verdict"] == "fail"]
    assert "somebody else" in operator.fab("undo", "--yes", "--reason=too late").ended(3).document["error"]
    assert stack.fingerprint() == before
