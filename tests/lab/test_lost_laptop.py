"""The laptop dies, or its connection does, at ten moments of a run: the run ends by itself, and any laptop can see it.

Each test is one run of 1.1 → 1.0 in which several such things happen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from lab_operator import Operator, until
from lab_production import CUT, Production

pytestmark = pytest.mark.lab

ROLLBACK = ("rollback", "--latest", "--yes", "--settle=2", "--reason=the laptop will be lost")


@pytest.fixture(scope="module")
def rewound(production: Production) -> Production:
    production.rewind()
    return production


@pytest.fixture
def broken(rewound: Production) -> Production:
    """Production on 1.1; the runs of earlier tests are still there."""
    rewound.deploy("1.1")
    return rewound


def is_whole(production: Production, operator: Operator, run_id: str) -> None:
    """1.0 serves, and this laptop's copy of the run is the host's, byte for byte."""
    assert production.serves("1.0")
    assert production.state(run_id) == "done"
    for name in ("journal.jsonl", "output.log", "plan.json"):
        mine = hashlib.sha256((operator.mirror(run_id) / name).read_bytes()).hexdigest()
        assert mine == production.digest(run_id, name), name


def test_killed_while_it_reads_nothing_has_begun(broken: Production, operator: Operator) -> None:
    """kill -9 before the run is claimed: no run, no change."""
    before, known = broken.fingerprint(), broken.run_ids()
    working = operator.start(*ROLLBACK)
    until(lambda: broken.holds("pgrep -f '^sshd: deploy@notty' >/dev/null"), what="fab has logged in")
    working.kill()
    assert broken.run_ids() == known
    assert broken.fingerprint() == before


def test_killed_as_the_run_begins_it_ends_alone(broken: Production, laptop: Callable[..., Operator]) -> None:
    """kill -9 at the first moment of a run that nobody follows: it ends as done; `attach` elsewhere shows all of it."""
    host = f"{{name: lab-1, address: 127.0.0.1, port: {broken.host.ssh_port}, user: deploy, "
    host += f'identity_file: "{broken.lab.identity_file}"}}'
    first, second = laptop("first", f"hosts: [{host}]"), laptop("second")
    known = len(broken.run_ids())
    working = first.start(*ROLLBACK)
    run_id = broken.await_event("begin", after=known)
    working.kill()

    assert broken.await_end(run_id) == "done"
    attached = second.fab("attach", f"--run={run_id}").ended(0).document

    assert attached["verdict"] == "pass"
    assert {step["outcome"] for step in attached["steps"]} <= {"done", "skipped"}
    is_whole(broken, second, run_id)


def test_killed_twice_and_cut_once(broken: Production, laptop: Callable[..., Operator]) -> None:
    """`rollback` killed early, `attach` killed late, the next one's connection cut: that one still sees the end."""
    first, second = laptop("first"), laptop("second")
    known = len(broken.run_ids())
    working = first.start(*ROLLBACK)
    # The runner is stopped for as long as the next laptop needs to look: what is shown does not depend on speed.
    run_id = broken.await_event("start", "evidence-before", after=known, then="kill -STOP $runner")
    working.kill()

    attached = second.start("attach")
    until(lambda: broken.holds("pgrep -f '^sshd: deploy@notty' >/dev/null"), what="attach has logged in")
    broken.await_event("start", "evidence-before", after=known, then="kill -CONT $runner")
    broken.await_event("start", "replace-api", after=known)
    attached.kill()

    attached = second.start("attach", f"--run={run_id}")
    until(lambda: attached.says("replace-api"), what="attach shows the run")
    broken.sh(CUT)

    assert attached.end().ended(0).document["run_id"] == run_id
    is_whole(broken, second, run_id)


def test_its_connection_is_cut_four_times(broken: Production, operator: Operator) -> None:
    """Cut as it restores, replaces, waits and is asked for its view from outside: `rollback` itself ends with 0."""
    known = len(broken.run_ids())
    working = operator.start(*ROLLBACK)
    for step in ("restore-compose", "replace-api", "settled", "confirmed-outside"):
        run_id = broken.await_event("start", step, after=known, then=CUT)

    said = working.end().ended(0)

    assert "the link is lost" in said.stderr
    assert said.document["hosts"][0]["outside"] == "go"
    is_whole(broken, operator, run_id)


def test_a_silent_link_is_noticed(broken: Production, operator: Operator) -> None:
    """No packet arrives any more: noticed within 20 s, while the run goes on; when the way is free, it is seen to 0."""
    known = len(broken.run_ids())
    working = operator.start(*ROLLBACK)
    run_id = broken.await_event("start", "replace-api", after=known)
    with broken.silenced():
        until(lambda: working.says("the link is lost"), what="the silence is noticed", limit_s=30)
        broken.await_event("start", "confirmed-outside", after=known)

    assert working.end().ended(0).document["verdict"] == "pass"
    is_whole(broken, operator, run_id)
