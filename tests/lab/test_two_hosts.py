"""Two hosts, each with a whole copy of the stack: all prepared, then changed one after another, alike at the end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lab_name import own_lab
from lab_operator import CHECKOUT, Operator, until
from lab_production import CUT, PROJECT, RUNS, Production, say

from lab import stack
from lab.state import Lab

pytestmark = pytest.mark.lab

ROLLBACK = ("rollback", "--latest", "--yes", "--settle=1", "--reason=both")
STOP, GO_ON = "kill -STOP $runner", "kill -CONT $runner"

Both = tuple[Production, Production]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab of two hosts while these tests run; one that HUMMII_LAB names, with two hosts up, is used and left."""
    if os.environ.get("HUMMII_LAB", own_lab()) != own_lab() and len(Lab.here().read().hosts) == 2:
        yield Lab.here()
        return
    lab = Lab(checkout=CHECKOUT, name=own_lab("two"))
    stack.up(lab, count=2, say=print, ask=lambda _question: True)
    yield lab
    stack.down(lab, say=print)


@pytest.fixture
def broken(lab: Lab) -> Both:
    """Both hosts on 1.1, with a restore point of 1.0 and no trace of us."""
    first, second = (Production(lab, host) for host in lab.read().hosts)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Production.rewind, (first, second)))
    stack.deploy(lab, "1.1", say=say)
    return first, second


def seen(both: Both) -> list[tuple[dict[str, str], str]]:
    """What runs on each host, and the compose file there."""
    return [(one.images(), one.file()) for one in both]


def states(document: Any) -> list[str]:
    return [one["state"] for one in document["hosts"]]


def nobody_holds(operator: Operator) -> None:
    status = operator.fab("status").ended(0).document
    assert [one["lease"] for one in status["hosts"]] == [None, None]


def moment(document: Any, host: str, step: str) -> str:
    return next(str(one["started_at"]) for one in document["steps"] if (one["host"], one["id"]) == (host, step))


def test_both_go_back_in_turn_and_one_undo_takes_both_back(broken: Both, operator: Operator) -> None:
    """One rollback brings both to 1.0, the second only when the first is proven; one undo brings both back, although
    the connection of the host that waits is cut; its undo puts back the hold and the mark with the first reason."""
    before = seen(broken)
    done = operator.fab(*ROLLBACK).ended(0).document
    assert states(done) == ["done", "done"]
    assert all(one.serves("1.0") for one in broken)
    assert moment(done, "lab-2", "turn") < moment(done, "lab-1", "restore-compose"), "prepared before any change"
    assert moment(done, "lab-1", "confirmed-outside") < moment(done, "lab-2", "restore-compose"), "one after another"

    undo = operator.start("undo", "--yes", "--reason=both again")
    broken[0].await_event("start", "return-compose", after=1, then=STOP)
    broken[1].sh(CUT)
    broken[0].await_event("start", "return-compose", after=1, then=GO_ON)
    assert states(undo.end().ended(0).document) == ["done", "done"]
    assert seen(broken) == before
    assert not any(one.holds(f"[ -e {PROJECT}/.hummii-ops/hold ]") for one in broken)

    assert states(operator.fab("undo", "--yes", "--reason=after all").ended(0).document) == ["done", "done"]
    assert all(one.serves("1.0") for one in broken)
    for record in ("hold", "marks/*"):
        assert all(one.holds(f"grep -qx reason=both {PROJECT}/.hummii-ops/{record}") for one in broken), record
    nobody_holds(operator)


def test_a_page_of_the_procedure_names_each_host(broken: Both, operator: Operator) -> None:
    """deployment-failure on both at once: where it failed on each, one rollback, each verified and marked good."""
    for one in broken:
        until(lambda one=one: "(unhealthy)" in one.sh("docker ps"), what="docker's own word")  # type: ignore[misc]
    end = operator.fab("deployment-failure", "--yes", "--settle=1", "--reason=the workflow is red").ended(0).document
    assert end["host"] == "lab-1, lab-2"
    assert [line for line in end["stages"][0]["found"] if "containers are not well" in line] == [
        f"{host}: 1 of 4 containers are not well" for host in ("lab-1", "lab-2")
    ]
    assert sum(line.startswith("health: api is running, unhealthy") for line in end["stages"][1]["found"]) == 2
    assert {one["host"] for one in end["measurements"]} == {"lab-1", "lab-2"}
    assert states(end["run"]) == ["done", "done"]
    assert all(one.serves("1.0") for one in broken)
    assert all(one.holds(f"grep -qx mark=good {PROJECT}/.hummii-ops/marks/*") for one in broken)


def test_the_second_fails_and_both_are_as_before(broken: Both, operator: Operator) -> None:
    """The second host loses the image of its target after the plan: it goes back, and the first is taken back (5)."""
    first, second = broken
    before = seen(broken)
    working = operator.start(*ROLLBACK)
    first.await_event("start", "replace-api", after=0, then=STOP)
    second.sh("docker rmi -f $(docker image inspect --format '{{.Id}}' hummii-api:1.0)")
    first.await_event("start", "replace-api", after=0, then=GO_ON)

    said = working.end().ended(5).document
    assert states(said) == ["restored", "restored"]
    assert said["hosts"][0]["taken_back_by"]
    assert seen(broken) == before
    nobody_holds(operator)


def test_the_first_fails_and_the_second_never_begins(broken: Both, operator: Operator) -> None:
    """The first host goes back: the second is told to stop, and was not touched (5)."""
    first, second = broken
    before, containers = seen(broken), second.containers()
    first_image = "docker rmi -f $(docker image inspect --format '{{.Id}}' hummii-api:1.0)"
    working = operator.start(*ROLLBACK)
    second.await_event("start", "turn", after=0)
    first.await_event("start", "turn", after=0, then=f"{STOP}; {first_image}; {GO_ON}")

    assert states(working.end().ended(5).document) == ["restored", "refused"]
    assert seen(broken) == before
    assert second.containers() == containers
    nobody_holds(operator)


def test_one_is_taken_and_none_is_claimed(broken: Both, operator: Operator) -> None:
    """Someone else has the second host: 4 at once, with who; on the first no lease stays and no run began."""
    first, second = broken
    before = seen(broken)
    lease = "run=20260101T000000Z-rollback-aaaa\nwho=someone@else\ntask=rollback\nreason=mine\n"
    home = f"{PROJECT}/.hummii-ops"
    second.sh(f'mkdir -p {home}/runs; printf %s "$1" >{home}/lease', lease, user="deploy")

    said = operator.fab(*ROLLBACK).ended(4).document
    assert "someone@else" in said["error"]
    assert first.holds(f"[ -e {home}/mutex ]"), "it was claimed"
    assert not first.holds(f"[ -e {home}/lease ]")
    assert first.run_ids() == []
    assert seen(broken) == before


def test_one_does_not_answer_and_none_is_changed(broken: Both, operator: Operator) -> None:
    """The second host is cut off: 3, nothing was touched on the first, and --limit is named as a way."""
    first, second = broken
    before = first.fingerprint()
    with second.silenced():
        said = operator.fab(*ROLLBACK).ended(3).document
    assert "lab-2" in said["error"]
    assert "--limit=lab-1" in said["remedy"]
    assert first.fingerprint() == before


def test_the_laptop_dies_while_the_second_waits(broken: Both, laptop: Callable[..., Operator]) -> None:
    """kill -9 between the two: the first ends by itself, the second stops by itself with nothing changed and its lease
    given back; any laptop can tell (6: the hosts differ)."""
    first, second = broken
    images, containers = second.images(), second.containers()
    working = laptop("first").start(*ROLLBACK)
    run_id = first.await_event("start", "settled", after=0)
    working.kill()

    assert first.await_end(run_id) == "done"
    assert second.await_end(run_id) == "refused"
    assert (second.images(), second.containers()) == (images, containers)
    assert first.serves("1.0")
    other = laptop("second")
    status = other.fab("status").ended(0).document
    assert [one["last_run"]["state"] for one in status["hosts"]] == ["done", "refused"]
    nobody_holds(other)
    said = other.fab("attach", "--format=text").ended(6)
    assert "1.0 runs on lab-1 alone" in said.everything
    assert "--limit=lab-2" in said.everything
    assert "lab-1 runs 1.0, lab-2 runs 1.1" in other.fab("verify", "--settle=0", "--format=text").ended(7).everything


def test_a_laptop_that_slept(broken: Both, operator: Operator) -> None:
    """The laptop sleeps while the second waits: that one stops by itself; awake again, it takes nothing back that is
    done and proven, and says that the hosts differ (6)."""
    first, second = broken
    working = operator.start(*ROLLBACK)
    run_id = first.await_event("start", "settled", after=0)
    working.process.send_signal(signal.SIGSTOP)
    assert first.await_end(run_id) == "done"
    assert second.await_end(run_id) == "refused"
    working.process.send_signal(signal.SIGCONT)

    said = working.end().ended(6).document
    assert states(said) == ["done", "refused"]
    assert first.serves("1.0")
    assert first.run_ids() == [run_id], "no undo was begun"


def test_another_laptop_leads_on(broken: Both, laptop: Callable[..., Operator]) -> None:
    """kill -9 between the two, and `resume` elsewhere while the second waits: both end on 1.0 (0)."""
    first = broken[0]
    working = laptop("first").start(*ROLLBACK)
    run_id = first.await_event("start", "settled", after=0, then=STOP)
    working.kill()
    resumed = laptop("second").start("resume", "--yes", "--reason=mine now")
    until(lambda: resumed.says("settled") or resumed.says("replace-api"), what="resume follows the first host")
    first.await_event("start", "settled", after=0, then=GO_ON)

    assert states(resumed.end().ended(0).document) == ["done", "done"]
    assert all(one.serves("1.0") and one.state(run_id) == "done" for one in broken)


def test_who_leaves_stops_the_second_and_another_laptop_confirms_the_first(
    broken: Both, laptop: Callable[..., Operator]
) -> None:
    """Ctrl-C during the first host's change: 8, the second stops at once; an attach elsewhere answers the first's
    question from outside, so that nobody waits for its deadline."""
    first, second = broken
    containers = second.containers()
    working = laptop("first").start(*ROLLBACK)
    run_id = first.await_event("start", "settled", after=0, then=STOP)
    working.process.send_signal(signal.SIGINT)
    said = working.end().ended(8).document
    assert "nothing was changed" in said["error"]
    assert "--limit=lab-2" in said["remedy"]
    assert second.await_end(run_id, limit_s=20) == "refused"
    assert second.containers() == containers

    attached = laptop("second").start("attach", f"--run={run_id}", "--limit=lab-1")
    first.await_event("start", "settled", after=0, then=GO_ON)
    confirmed = attached.end(limit_s=45).ended(0).document["hosts"][0]
    assert (confirmed["outside"], confirmed["outside_by_default"]) == ("go", False)


def test_cancel_reaches_both(broken: Both, laptop: Callable[..., Operator]) -> None:
    """Cancelled while the first changes and the second waits: both are as before; cancel exits 0, the run 5."""
    first, second = broken
    before, containers = seen(broken), second.containers()
    working = laptop("first").start(*ROLLBACK)
    run_id = first.await_event("start", "settled", after=0, then=STOP)
    cancel = laptop("second").start("cancel", "--yes", "--reason=wrong release")
    for one in broken:
        until(lambda one=one: one.holds(f"[ -e {RUNS}/{run_id}/cancel ]"), what="both hosts know of the cancel")  # type: ignore[misc]
    first.await_event("start", "settled", after=0, then=GO_ON)

    assert cancel.end().ended(0).document["run_id"] == run_id
    assert states(working.end().ended(5).document) == ["restored", "refused"]
    assert seen(broken) == before
    assert second.containers() == containers
    nobody_holds(laptop("second"))
