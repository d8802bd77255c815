"""fab rollback on a real stack: what the operator reads, what the customer gets, what stands on the disk."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lab_operator import Operator
from lab_production import PROJECT, RUNS, Customer, Production, say

from lab import stack

pytestmark = pytest.mark.lab

KEYS = {"schema", "run_id", "environment", "verdict", "exit_code", "from", "to", "outage_s", "steps", "report"}
STEP_KEYS = {"id", "host", "outcome", "reason", "started_at", "elapsed_s"}
ROLLBACK = ("rollback", "--yes", "--settle=1")


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def changing(document: dict[str, Any]) -> tuple[float, float]:
    """From the first change to the end of a run, in epoch seconds, as its document has it."""
    first = next(step for step in document["steps"] if step["id"].startswith("restore-") and step["outcome"] == "done")
    return seconds(first["started_at"]), seconds(document["hosts"][0]["ended_at"])


def test_latest_heals_production_and_says_so_in_one_document(fresh: Production, operator: Operator) -> None:
    """1.0 → 1.1 → `rollback --latest`: 1.0 serves, proven by image ids; the outage is what a customer saw."""
    before = fresh.images()
    fresh.deploy("1.1")
    assert not fresh.serves("1.0")
    broken = fresh.images()

    with Customer(fresh).asking() as customer:
        said = operator.fab(*ROLLBACK, "--latest", "--reason=1.1 answers 503").ended(0)

    document = said.document
    assert document.keys() >= KEYS
    assert document["schema"] == "hummii-ops/rollback/v1"
    assert (document["exit_code"], document["verdict"], document["environment"]) == (0, "pass", "lab")
    assert all(step.keys() >= STEP_KEYS for step in document["steps"])
    assert {step["outcome"] for step in document["steps"]} <= {"done", "skipped"}
    assert (document["from"]["version"], document["to"]["version"]) == ("1.1", "1.0")
    assert document["to"]["release"] in fresh.sh("ls /opt/hummii/backups")
    assert (document["from"]["images"], document["to"]["images"]) == (broken, before)
    assert fresh.images() == before
    assert fresh.serves("1.0")
    seen = customer.bad_s(*changing(document))
    assert document["outage_s"] == pytest.approx(seen, abs=1.0 + seen / 4)
    report = Path(document["report"])
    journal = report / "lab-1" / "journal.jsonl"
    assert journal.read_text() == fresh.sh(f"cat {RUNS}/{document['run_id']}/journal.jsonl") + "\n"
    assert "1.1 answers 503" in said.stderr

    second = operator.fab(*ROLLBACK, "--latest", "--reason=again").ended(3).document
    assert document["run_id"] in second["error"]
    status = operator.fab("status").ended(0).document
    assert status["release"]["version"] == "1.0"
    assert (status["last_run"]["run_id"], status["last_run"]["state"]) == (document["run_id"], "done")
    assert status["hold"]["reason"] == "1.1 answers 503"


def test_latest_goes_to_the_proven_release_and_undo_comes_back(fresh: Production, operator: Operator) -> None:
    """1.0, verified while it ran, → 1.1 → 1.2: --latest reaches 1.0 and not 1.1; a second one is refused; undo brings
    1.2 back, and then --latest works again."""
    operator.fab("verify", "--settle=1").ended(0)
    good = fresh.images()
    fresh.deploy("1.1")
    fresh.deploy("1.2")
    left, file = fresh.images(), fresh.file()

    rolled = operator.fab(*ROLLBACK, "--latest", "--reason=orders fail").ended(0).document
    assert rolled["to"]["version"] == "1.0"
    assert fresh.images() == good
    operator.fab(*ROLLBACK, "--latest", "--reason=once more").ended(3)

    undone = operator.fab("undo", "--yes", "--reason=it was the database").ended(0).document
    assert undone["to"]["version"] == "1.2"
    assert fresh.images() == left
    assert fresh.file() == file
    status = operator.fab("status").ended(0).document
    assert status["hold"] is None
    assert status["release"]["goodness"] == "unknown"

    again = operator.fab(*ROLLBACK, "--latest", "--reason=it was not").ended(0).document
    assert again["to"]["version"] == "1.0"
    assert fresh.serves("1.0")


def test_a_target_that_never_becomes_healthy_is_taken_back(fresh: Production, operator: Operator) -> None:
    """0.9 → 1.0, then --to=0.9: exit 5; files, images and containers' releases are as before, and 0.9 is bad now."""
    fresh.deploy("0.9")
    fresh.deploy("1.0")
    images, file = fresh.images(), fresh.file()

    said = operator.fab(*ROLLBACK, "--to=0.9", "--health-timeout=8", "--reason=to see it fail").ended(5)

    assert said.document["verdict"] == "restored"
    failed = [step for step in said.document["steps"] if step["outcome"] == "failed"]
    assert failed[0]["reason"]
    assert fresh.images() == images
    assert fresh.file() == file
    assert fresh.serves("1.0")
    points = operator.fab("releases").ended(0).document["releases"]
    assert {one["goodness"] for one in points if one["version"] == "0.9"} == {"bad"}
    assert operator.fab("status").document["last_run"]["verdict"] == "restored"


def test_without_its_image_a_release_is_refused(fresh: Production, operator: Operator) -> None:
    """1.0's image is removed from the host: `--latest` and `--to` are refused (3), and the stack is untouched."""
    fresh.deploy("1.1")
    fresh.sh(
        "docker container prune -f >/dev/null; id=$(docker image inspect --format '{{.Id}}' hummii-api:1.0);"
        " docker rmi -f $(docker image inspect --format '{{join .RepoTags \" \"}}' $id) >/dev/null"
    )
    before = fresh.fingerprint()
    for target in ("--latest", "--to=1.0"):
        refused = operator.fab(*ROLLBACK, target, "--reason=no image").ended(3).document
        assert "hummii-api:1.0 is not on the host" in refused["error"]
    assert fresh.fingerprint() == before


def test_a_full_disk_is_refused(production: Production, operator: Operator) -> None:
    """Too little room, and then none at all, where the project is: 3 each time, the stack untouched; status reads."""
    stack.reset(production.lab, project_mb=4, say=say, ask=lambda _question: True)
    try:
        production.deploy("1.1")
        before = production.containers(), production.file()
        scarce = operator.fab(*ROLLBACK, "--latest", "--reason=little room").ended(3).document
        assert [step["id"] for step in scarce["steps"] if step["outcome"] == "failed"] == ["room-is-left"]
        production.sh(f"dd if=/dev/zero of={PROJECT}/filler bs=4k 2>/dev/null || true", user="deploy")
        assert "disk" in operator.fab(*ROLLBACK, "--latest", "--reason=no room").ended(3).document["error"]
        operator.fab("status").ended(0)
        assert (production.containers(), production.file()) == before
    finally:
        stack.reset(production.lab, say=say, ask=lambda _question: True)
