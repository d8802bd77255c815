"""The pages of the procedure on which code goes back, each from its top to its end, on the deploy it is written for."""

from __future__ import annotations

import pytest
from lab_operator import Operator, until
from lab_production import PROJECT, Production

pytestmark = pytest.mark.lab

YES = ("--yes", "--settle=1")


def deployed(production: Production, version: str) -> Production:
    production.deploy(version)
    if version != "1.1":
        until(lambda: production.serves(version), what=f"{version} serves")
    return production


def test_a_deployment_that_failed(fresh: Production, operator: Operator) -> None:
    """1.0 has no point of failure, and stays; of 1.1 it is named, with what shows it, and 1.0 is back, verified."""
    refused = operator.fab("deployment-failure", *YES, "--reason=looks odd").ended(3)
    assert "no point of failure is to be seen" in refused.document["error"]
    broken = deployed(fresh, "1.1")
    until(lambda: "(unhealthy)" in broken.sh("docker ps"), what="docker's own word")
    before = broken.fingerprint()
    dry = operator.fab("deployment-failure", "--dry-run").ended(0).document
    assert (broken.fingerprint(), dry["measurements"]) == (before, [])

    end = operator.fab("deployment-failure", *YES, "--reason=the workflow is red").ended(0).document
    logs, point, notified, rollback, verified = end["stages"]
    assert "1 of 4 containers are not well" in logs["found"][0]
    assert point["found"][0].startswith("health: api is running, unhealthy")
    assert notified["found"] == ["skipped: no channel configured"]
    assert "1.0 runs again" in rollback["found"][0]
    assert (verified["verdict"], end["scenario"], end["run"]["to"]["version"]) == ("pass", "deployment-failure", "1.0")
    assert broken.serves("1.0")
    (running, *_) = [one for one in operator.fab("releases").ended(0).document["releases"] if one["running"]]
    assert running["goodness"] == "good"


def test_a_critical_bug(fresh: Production, operator: Operator) -> None:
    """1.0 is not critical by any look; a word is enough. 1.2 is, by its orders; 1.0 is back, and orders go again.

    Nobody measured 1.0: whether a rollback helps is unknown (row 1), and what fails is told first, with this page.
    """
    nothing = operator.fab("critical-bug", *YES, "--reason=a feeling").ended(3)
    assert "--declare" in nothing.document["remedy"]
    broken = deployed(fresh, "1.2")
    (asked,) = operator.fab("diagnose").ended(0).document["hosts"]
    assert [one.startswith("flow.order: create-order: ") for one in asked["failing"]] == [True]
    assert (asked["helps"], asked["row"], asked["next_command"]) == ("unknown", 1, "fab critical-bug")
    assert asked["because"].startswith(asked["failing"][0])
    end = operator.fab("critical-bug", *YES, "--reason=orders fail").ended(0).document
    critical = end["stages"][0]
    assert critical["verdict"] == "fail"
    assert any(line.startswith("flow.order: create-order: ") for line in critical["found"])
    assert (end["stages"][3]["verdict"], broken.serves("1.0")) == ("pass", True)
    assert end["run"]["run_id"] in end["stages"][4]["found"][0]
    deployed(fresh, "1.2")
    dry = operator.fab("critical-bug", "--declare=ticket 7", "--dry-run").ended(0).document
    assert dry["stages"][0]["found"][0] == "declared: ticket 7"


def test_a_degradation(fresh: Production, operator: Operator) -> None:
    """1.3 is slow. Where 1.0 was measured before, the page finds the query that is new, rolls back, and proves that it
    helped; where nobody measured it, nobody knows: by a word it goes."""
    operator.fab("snapshot", "--reason=before 1.3").ended(0)
    broken = deployed(fresh, "1.3")
    end = operator.fab("performance-degradation", *YES, "--reason=lists are slow", "--watch=0").ended(0).document
    slow, helps, *_, watched = end["stages"]
    assert any(line.startswith("speed.order.list-orders: ") for line in slow["found"])
    assert (helps["verdict"], helps["found"][0].startswith("lab-1: yes: the release asks the database")) == (
        "pass",
        True,
    )
    assert watched["found"][0].startswith("improved, after 1 looks")
    assert broken.serves("1.0")

    broken.sh(f"rm -rf {PROJECT}/.hummii-ops/baselines")
    deployed(fresh, "1.3")
    unknown = operator.fab("performance-degradation", *YES, "--reason=lists are slow").ended(10)
    assert "--despite" in unknown.document["remedy"]
    assert broken.serves("1.3")
    end = operator.fab("performance-degradation", *YES, "--despite=the list is new", "--watch=0").ended(0).document
    _, helps, *_, watched = end["stages"]
    assert "gone on by a person's word: the list is new" in helps["found"]
    assert watched["found"][0].startswith("improved, after 1 looks")
    assert broken.serves("1.0")
