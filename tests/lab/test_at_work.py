"""One run at a time: what a second operator meets, what cancel does, and what an interrupted run needs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab_operator import Operator, until
from lab_production import RUNS, Production

pytestmark = pytest.mark.lab

ROLLBACK = ("rollback", "--latest", "--yes", "--settle=1", "--reason=the first one")
# The runner stands still where a test looks at it, so that nothing depends on speed.
STOP, GO_ON, KILL = "kill -STOP $runner", "kill -CONT $runner", "kill -9 $runner"


@pytest.fixture(scope="module")
def rewound(production: Production) -> Production:
    production.rewind()
    return production


@pytest.fixture
def broken(rewound: Production) -> Production:
    """Production on 1.1; the runs of earlier tests are still there."""
    rewound.deploy("1.1")
    return rewound


def cancelled(production: Production, operator: Operator, run_id: str, *, after: int, step: str) -> None:
    """`fab cancel` is asked for while the runner stands still, and ends with 0 once it goes on."""
    cancel = operator.start("cancel", "--yes", "--reason=wrong release")
    until(lambda: production.holds(f"[ -e {RUNS}/{run_id}/cancel ]"), what="the host knows of the cancel")
    production.await_event("start", step, after=after, then=GO_ON)
    assert cancel.end().ended(0).document["run_id"] == run_id


def test_cancelled_before_the_first_change(broken: Production, operator: Operator) -> None:
    """Cancel while the run prepares: it ends with nothing changed; the run's own call exits 3, cancel 0."""
    known, containers, file = len(broken.run_ids()), broken.containers(), broken.file()
    working = operator.start(*ROLLBACK)
    run_id = broken.await_event("start", "evidence-before", after=known, then=STOP)
    cancelled(broken, operator, run_id, after=known, step="evidence-before")

    assert working.end().ended(3).document["run_id"] == run_id
    assert (broken.containers(), broken.file()) == (containers, file)
    assert operator.fab("status").ended(0).document["lease"] is None


def test_a_second_operator_waits_or_leaves_and_a_cancelled_run_is_taken_back(
    broken: Production, laptop: Callable[..., Operator]
) -> None:
    """While a run is at work: 4 at once, naming who and which run; unlock is refused; --wait waits. Cancelled after
    its change, the run is taken back (5, cancel 0), and the one who waited goes to 1.0."""
    first, second = laptop("first"), laptop("second")
    known, images, file = len(broken.run_ids()), broken.images(), broken.file()
    working = first.start(*ROLLBACK)
    run_id = broken.await_event("start", "settled", after=known, then=STOP)

    busy = second.fab(*ROLLBACK).ended(4).document
    assert busy["run_id"] == run_id
    assert "the first one" in busy["error"]
    status = second.fab("status").ended(0).document
    assert (status["last_run"]["run_id"], status["last_run"]["state"]) == (run_id, "running")
    assert status["lease"]["busy"]
    assert status["lease"]["step"]["id"] == "settled"
    document = second.fab("verify", "--settle=0").ended(10).document  # what it sees may change at once
    assert [one["name"] for one in document["measurements"] if one["verdict"] == "inconclusive"] == ["quiet"]
    page = second.fab("status", "--format=text").ended(0).stdout.splitlines()
    assert page[1].startswith(f"  at work: rollback {run_id}, 1.1 → 1.0, by ")
    assert page[2].startswith("    at settled for ")
    second.fab("unlock", "--yes", "--reason=impatient").ended(4)
    waiting = second.start("rollback", "--latest", "--yes", "--settle=1", "--wait=200", "--reason=the second one")
    until(lambda: waiting.says("waiting"), what="the second operator waits")

    cancelled(broken, first, run_id, after=known, step="settled")
    back = working.end().ended(5).document
    assert back["verdict"] == "restored"
    assert back["from"]["images"] == images

    assert waiting.end().ended(0).document["from"]["images"] == images
    assert broken.file() != file
    assert broken.serves("1.0")


def test_an_interrupted_run_is_resumed(broken: Production, operator: Operator) -> None:
    """The runner is killed: `status` leads with it, a new rollback and unlock are refused (3); resume ends it (0)."""
    known = len(broken.run_ids())
    working = operator.start(*ROLLBACK)
    run_id = broken.await_event("start", "restore-compose", after=known, then=KILL)
    assert run_id in working.end().ended(6).everything

    text = operator.fab("status", "--format=text").ended(0).stdout
    assert f"fab resume --run={run_id}" in text.splitlines()[2]
    assert operator.fab("status").document["last_run"]["state"] == "interrupted"
    refused = operator.fab(*ROLLBACK).ended(3).document
    assert "fab resume" in refused["remedy"]
    assert "fab undo" in refused["remedy"]
    assert run_id in operator.fab("unlock", "--yes", "--reason=in the way").ended(3).document["remedy"]

    assert operator.fab("resume", "--yes", "--reason=go on").ended(0).document["run_id"] == run_id
    assert broken.serves("1.0")
    assert operator.fab("status").document["last_run"]["state"] == "done"


def test_an_interrupted_run_is_taken_back_or_given_up(broken: Production, operator: Operator) -> None:
    """The runner is killed after the change: `undo` ends in the old state (0); another one is given up by its name."""
    images, file = broken.images(), broken.file()
    for _ in ("undo", "unlock"):
        known = len(broken.run_ids())
        working = operator.start(*ROLLBACK)
        run_id = broken.await_event("start", "settled", after=known, then=KILL)
        working.end().ended(6)
        if _ == "undo":
            assert operator.fab("undo", "--yes", "--reason=no").ended(0).document["run_id"] == run_id
            assert (broken.images(), broken.file()) == (images, file)
    freed = operator.fab("unlock", f"--abandon={run_id}", "--yes", "--reason=I have looked").ended(0).document
    assert freed["freed"] == [{"host": "lab-1", "run_id": run_id, "fence": None}]
    status = operator.fab("status").ended(0).document
    assert status["lease"] is None
    assert status["last_run"]["state"] == "abandoned"
    operator.fab("unlock", "--yes", "--reason=again").ended(3)
