"""The server's own door: scripts/rollback.sh by hand on the host, without a laptop, and what a laptop sees of it."""

from __future__ import annotations

import json
import shlex

import pytest
from lab_door import RESTORE, by_hand, plan_words
from lab_operator import Operator
from lab_production import PROJECT, RUNS, Production

pytestmark = pytest.mark.lab

HOSTILE = ("v1; touch /tmp/P", "$(id)", "../../etc/passwd", "-rf", "a\nb", "`id`", "x" * 300, "1.1'\"", "ä", "*")


def test_the_same_rollback_without_a_laptop(ready: Production, quick: Operator) -> None:
    """--latest --yes on the server heals it as the laptop would, step for step; the laptop sees the run, undoes it."""
    wanted = quick.fab("rollback", "--latest", "--dry-run").ended(0).document["plans"][0]

    said = by_hand(ready, "--latest", "--yes", "--reason=by hand; $(id)")

    assert said.code == 0, said.err + said.out
    assert ready.serves("1.0")
    (run,) = ready.run_ids()
    assert (run in said.out, ready.state(run)) == (True, "done")
    status = quick.fab("status").ended(0).document
    assert (status["last_run"]["run_id"], status["last_run"]["state"]) == (run, "done")
    assert (status["last_run"]["from"], status["last_run"]["to"]) == ("1.1", "1.0")
    assert status["last_run"]["reason"] == "by hand; $(id)"
    assert (status["lease"], status["hold"]["reason"]) == (None, "by hand; $(id)")
    attached = quick.fab("attach").ended(0).document
    assert (attached["from"]["version"], attached["to"]["version"]) == ("1.1", "1.0")
    assert attached["outage_s"] > 0
    assert quick.fab("runs").ended(0).document["runs"][0]["run_id"] == run
    assert {item["words"]: item["skipped"] for item in attached["checklist"]}["Verify health outside"] == "no laptop"
    assert plan_words(wanted) == plan_words(json.loads(ready.sh(f"cat {RUNS}/{run}/plan.json")))

    second = by_hand(ready, "--latest", "--yes")
    assert (second.code, f"already rolled back by {run}" in second.err) == (3, True), second

    undone = quick.fab("undo", "--yes", "--reason=look at it again").ended(0).document
    assert undone["to"]["version"] == "1.1"
    assert quick.fab("status").ended(0).document["hold"] is None


def test_what_only_looks_changes_nothing(ready: Production) -> None:
    """--list and --dry-run, a bare call, hostile targets, no --yes: nothing changes, and the code says what it was."""
    before = ready.fingerprint()
    listed = by_hand(ready, "--list")
    assert listed.code == 0
    assert "lab-1 runs 1.1" in listed.out
    planned = by_hand(ready, "--dry-run", "--latest")
    assert (planned.code, "1.1 -> 1.0" in planned.out) == (0, True), planned
    assert by_hand(ready, "--dry-run", "1.0").code == 0
    assert by_hand(ready).code == 2
    assert by_hand(ready, "--latest").code == 3
    assert by_hand(ready, "9.9", "--yes").code == 3
    assert by_hand(ready, "1.1", "--yes").code == 3
    assert by_hand(ready, "--latest", "1.0", "--yes").code == 2
    assert by_hand(ready, "--latest", "--yes", "--reason=a\nb").code == 2
    assert by_hand(ready, "--latest", "--yes", user="root").code == 3
    for text in HOSTILE:
        said = by_hand(ready, text, "--yes")
        assert said.code == 2, (text, said)
        assert text not in said.err or text.isprintable()
    assert ready.fingerprint() == before


def test_a_docker_that_hangs(ready: Production) -> None:
    """Nobody waits for it: both scripts of the server refuse, with what to look at, and go on when it answers again."""
    ready.sh("pkill -STOP -x dockerd")
    try:
        for said in (by_hand(ready, "--latest", "--yes"), by_hand(ready, "x.dump", "--force", script=RESTORE)):
            assert (said.code, said.err) == (
                3,
                "refused: docker does not answer\n  next: docker ps; systemctl status docker\n",
            )
    finally:
        ready.sh("pkill -CONT -x dockerd")
    assert by_hand(ready, "--list").code == 0
    assert ready.run_ids() == []


def test_a_target_that_is_marked_bad(ready: Production, quick: Operator) -> None:
    """The page says who said so and why, in the same words on the server as on the laptop."""
    quick.fab("mark", "--bad", "--release=1.0", "--reason=orders fail").ended(0)
    warnings = quick.fab("rollback", "--to=1.0", "--dry-run").ended(0).document["plans"][0]["warnings"]
    planned = by_hand(ready, "--dry-run", "1.0")
    assert planned.code == 0, planned
    assert "is marked bad" in warnings[0]
    assert f"! {warnings[0]}\n" in planned.out


def test_someone_else_has_the_lease(ready: Production) -> None:
    """A lease that another run holds: 4, naming who; the stack stays."""
    lease = "run=20990101T000000Z-rollback-beef\nwho=eve@laptop\ntask=rollback\nreason=mine\n"
    ready.sh(f"printf '%s' {shlex.quote(lease)} >{PROJECT}/.hummii-ops/lease", user="deploy")
    before = ready.containers()
    said = by_hand(ready, "--latest", "--yes")
    assert (said.code, "eve@laptop" in said.err) == (4, True), said
    assert (ready.containers(), ready.run_ids()) == (before, [])


def test_a_deploy_at_work(ready: Production) -> None:
    """A deploy script that runs: 4, with its process."""
    start = f"cd {PROJECT}; echo 'sleep 120' >/tmp/deploy.sh; setsid sh /tmp/deploy.sh >/dev/null 2>&1 & echo $!"
    deploy = ready.sh(start)
    try:
        said = by_hand(ready, "--latest", "--yes")
        assert (said.code, "deploy.sh" in said.err) == (4, True), said
    finally:
        ready.sh('kill -- "-$1"; rm /tmp/deploy.sh', deploy)


def test_the_caller_goes_away(ready: Production) -> None:
    """The terminal is closed in the middle: the script ends with 8, and the run ends by itself."""
    code = ready.sh(
        f"""cd {PROJECT}
        setsid ./scripts/rollback.sh --latest --yes >/tmp/door.out 2>&1 & door=$!
        until grep -qs '"ev":"start"' {RUNS}/*/journal.jsonl; do sleep 0.05; done
        kill -HUP -$door
        wait $door || echo $?""",
        user="deploy",
    )
    assert code == "8"
    (run,) = ready.run_ids()
    assert ready.await_end(run) == "done"
    assert ready.serves("1.0")


def test_a_target_that_does_not_become_healthy(fresh: Production, quick: Operator) -> None:
    """The release is ill: 5, the old state proven back, the file on the disk too; `fab` tells the same of it."""
    fresh.sh(f"rm -rf {PROJECT}/scripts")
    fresh.deploy("1.1")
    fresh.deploy("1.2")
    quick.fab("install-host", "--yes").ended(0)
    file, images = fresh.file(), fresh.images()
    lib = f"{PROJECT}/.hummii-ops/lib/current"
    fresh.sh(
        f"echo health_timeout=5 >>$(readlink -f {lib})/settings"
    )  # of this host alone: the test would wait a minute
    said = by_hand(fresh, "1.1", "--yes")
    assert said.code == 5, said
    assert (fresh.file(), fresh.images()) == (file, images)
    assert quick.fab("attach").ended(5).document["verdict"] == "restored"
