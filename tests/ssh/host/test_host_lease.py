"""The lease: one owner, taken over only from a run that has ended or never began, and a fence for the rest."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from host_tools import wait_for
from rig import Rig, Shipped
from rig_steps import failing, waiting

RACER = """
. "$1"
home=$2 me=$3 rounds=$4
until [ -e "$home/go" ]; do :; done
round=0
while [ $round -lt $rounds ]; do
    round=$((round + 1))
    lease_claim "$home" "$me" <"$home/about" >"$home/said.$me"
    code=$?
    case $code in
        0)
            ln "$home/about" "$home/owner" || echo "two owners"
            lease_is_of "$home" "$me" || echo "the lease is not of its owner"
            rm "$home/owner"
            lease_give_back "$home" "$me" || echo "not given back"
            echo won
            ;;
        73) grep -q '^run=r' "$home/said.$me" || echo "nobody named" ;;
        *) echo "code $code" ;;
    esac
done
"""


def test_a_race_of_eight(rig: Rig) -> None:
    """Eight processes that claim again and again: never two owners, the loser is told the owner, someone wins."""
    rounds = "100" if rig.shell == "dash" else "10"
    rig.home.mkdir()
    (rig.home / "runs").mkdir()
    (rig.home / "about").write_text("who=racer\n")
    lease = str(files("hummii_ops.host").joinpath("lease.sh"))
    argv = ["sh", "-c", RACER, "sh", lease, str(rig.home)]
    racers = [subprocess.Popen([*argv, f"r{number}", rounds], stdout=subprocess.PIPE, text=True) for number in range(8)]
    (rig.home / "go").touch()
    said = "".join(racer.communicate(timeout=120)[0] for racer in racers).splitlines()
    assert set(said) == {"won"}
    assert len(said) >= 8
    assert rig.lease() is None


def test_claims_of_eight_runs_at_once(rig: Rig) -> None:
    """Of eight runs that claim at the same moment exactly one gets the lease; the others are told whose it is."""
    plan = rig.swap()
    runs = [rig.new_run(plan) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(Shipped.claim, runs))
    winners = [run.id for run, result in zip(runs, results, strict=True) if result.exit_code == 0]
    assert len(winners) == 1
    assert rig.lease() == winners[0]
    losers = [result for result in results if result.exit_code != 0]
    assert {result.exit_code for result in losers} == {73}
    assert all(f"run={winners[0]}\n" in result.stdout.decode() for result in losers)


def aged(rig: Rig, seconds: int) -> None:
    then = time.time() - seconds
    os.utime(rig.home / "lease", (then, then))


@pytest.mark.parametrize("sent", [False, True], ids=["claimed", "sent"])
def test_a_claim_that_never_began(rig: Rig, sent: bool) -> None:
    """A run that never began loses its lease after two minutes; its late start is refused."""
    late, next_ = rig.new_run(rig.swap()), rig.new_run(rig.swap())
    assert late.claim().exit_code == 0
    if sent:
        assert late.receive().exit_code == 0
    aged(rig, 110)
    assert next_.claim().exit_code == 73
    aged(rig, 121)
    assert next_.claim().exit_code == 0
    assert f"taken over from {late.id} by {next_.id}" in (rig.home / "lease.log").read_text()
    if not sent:
        assert late.receive().exit_code == 0
    result = late.start()
    assert result.exit_code == 73
    assert f"run={next_.id}" in result.stdout.decode()
    assert late.state() == "ready"
    assert rig.words() == ["old", "old"]


def test_eight_take_over_at_once(rig: Rig) -> None:
    """Of eight runs that take over a claim that never began, exactly one gets it."""
    plan = rig.swap()
    for _ in range(3):
        assert rig.new_run(plan).claim().exit_code == 0
        aged(rig, 500)
        with ThreadPoolExecutor(8) as pool:
            codes = sorted(pool.map(lambda run: run.claim().exit_code, [rig.new_run(plan) for _ in range(8)]))
        assert codes == [0] + [73] * 7
        (rig.home / "lease").unlink()


def test_an_ended_run_is_no_obstacle(rig: Rig) -> None:
    """A lease that an ended run left behind, because it died before giving it back, is free at once."""
    ended, next_ = rig.new_run(rig.swap()), rig.new_run(rig.swap())
    ended.begin()
    (rig.home / "lease").write_text(f"run={ended.id}\nwho=x\n")
    assert next_.claim().exit_code == 0


@pytest.mark.parametrize("state", ["forward", "back", "mixed"])
def test_an_unfinished_run_keeps_it(rig: Rig, state: str) -> None:
    """The lease of an unfinished run never expires; only naming that run in an unlock frees it, and abandons it."""
    run, other = rig.new_run(rig.swap()).sent(), rig.new_run(rig.swap())
    (run.folder / "state").write_text(f"{state}\n")
    aged(rig, 10_000_000)
    assert other.claim().exit_code == 73
    assert rig.call("unlock", "-").exit_code == 77
    assert rig.call("unlock", other.id).exit_code == 77
    assert rig.lease() == run.id
    assert rig.call("unlock", run.id, about="reason=given up\n").exit_code == 0
    assert run.state() == "abandoned"
    assert rig.lease() is None
    assert "given up" in (rig.home / "lease.log").read_text()
    assert other.claim().exit_code == 0


def test_a_living_run_cannot_be_unlocked(rig: Rig) -> None:
    """Nothing frees the lease of a run whose runner lives, not even after two minutes."""
    go = rig.folder / "go"
    run = rig.new_run(rig.swap(waiting("wait", go))).sent()
    run.start()
    wait_for(lambda: Path(f"{go}.reached").exists())
    aged(rig, 10_000)
    assert rig.call("unlock", run.id).exit_code == 74
    assert rig.new_run(rig.swap()).claim().exit_code == 73
    assert rig.call("give_back", "20260101T000000Z-rollback-0000").exit_code == 0
    assert rig.lease() == run.id, "only its own run gives a lease back"


def test_nothing_to_unlock(rig: Rig) -> None:
    """Unlocking a stack that nobody holds says so."""
    assert rig.call("unlock", "-").exit_code == 76


def test_the_fence(rig: Rig) -> None:
    """A run that has lost its lease does nothing more: no act, no way back, no word on its state."""
    go = rig.folder / "go"
    plan = rig.swap()
    run = rig.new_run(rig.plan([plan.forward[0], waiting("wait", go), plan.forward[1]], plan.back)).sent()
    run.start()
    wait_for(lambda: Path(f"{go}.reached").exists())
    (rig.home / "lease").write_text("run=20990101T000000Z-rollback-ffff\n")
    go.touch()
    run.until_quiet()
    assert rig.words() == ["new", "old"]
    assert run.state() == "forward"
    assert run.said()[-1] == "interrupted"
    assert "back" not in run.said()
    assert rig.lease() == "20990101T000000Z-rollback-ffff"
    assert run.start().exit_code == 73


@pytest.mark.parametrize("lease", [None, "", "who=x\n", "run=other\nrun=RUN\n"])
def test_a_verb_without_the_lease(rig: Rig, lease: str | None) -> None:
    """A verb of a run that does not have the lease exits 90 and changes nothing."""
    run = rig.new_run(rig.swap()).sent()
    (rig.home / "lease").unlink()
    if lease is not None:
        (rig.home / "lease").write_text(lease.replace("RUN", run.id))
    for word in ("holds", "act"):
        argv = ["sh", "-eu", str(run.folder / "lib/step.sh"), str(run.folder), "forward/put-a.sh", word]
        assert subprocess.run(argv, capture_output=True, check=False).returncode == 90
    assert rig.words() == ["old", "old"]


def test_mixed_is_taken_over_by_no_one(rig: Rig) -> None:
    """A mixed run holds the stack until a person ends it."""
    plan = rig.swap(failing())
    run = rig.new_run(rig.plan(plan.forward, [failing("stuck")]))
    assert run.begin().state == "mixed"
    aged(rig, 10_000)
    assert rig.new_run(plan).claim().exit_code == 73


def test_the_lease_of_a_guarded_deploy(rig: Rig) -> None:
    """It is worth as much as busy.lock: nobody takes it while a process of the deploy lives, and then the next does."""
    rig.home.mkdir()
    (rig.home / "lease").write_text("run=20990101T000000Z-deploy-beef\nwho=ci@host\ntask=deploy\nreason=merge 41\n")
    with (rig.home / "busy.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = rig.new_run(rig.swap()).claim()
        assert (refused.exit_code, b"reason=merge 41" in refused.stdout) == (73, True)
    run = rig.new_run(rig.swap())
    assert run.claim().exit_code == 0
    assert rig.lease() == run.id


def interrupted(rig: Rig) -> Shipped:
    """A run that has made its first change, and whose runner went away; its lease is gone too."""
    wait = rig.folder / "wait"
    plan = rig.swap()
    first, *rest = plan.forward
    run = rig.new_run(replace(plan, forward=(first, waiting("wait", wait), *rest))).sent()
    run.start()
    wait_for(Path(f"{wait}.reached").exists)
    for pid in (run.runner(), *rig.processes("step.sh")):
        os.kill(pid, signal.SIGKILL)
    run.until_quiet()
    wait.touch()
    (rig.home / "lease").unlink()
    assert run.state() == "forward"
    return run


@pytest.mark.parametrize(
    ("verb", "state", "words"), [("again", "done", ["new", "new"]), ("back", "restored", ["old", "old"])]
)
def test_a_begun_run_without_a_lease(rig: Rig, verb: str, state: str, words: list[str]) -> None:
    """A run that began and lost its lease is no dead end: resume and undo claim it again, as who it was."""
    run = interrupted(rig)
    assert run.follow(verb).state == state
    assert rig.words() == words
    assert rig.lease() is None


def test_a_begun_run_takes_no_lease_from_another(dash_rig: Rig) -> None:
    """Another run has the stack meanwhile: the one that lost its lease is refused, and told whose it is."""
    run, other = interrupted(dash_rig), dash_rig.new_run(dash_rig.plan([]))
    assert other.claim().exit_code == 0
    refused = run.start()
    assert refused.exit_code == 73
    assert f"run={other.id}\n" in refused.stdout.decode()
    assert dash_rig.lease() == other.id


def test_only_a_run_that_never_began_is_given_back(rig: Rig) -> None:
    """The laptop may not know whether a host began: a lease that a run works under is not given back."""
    wait = rig.folder / "wait"
    run = rig.new_run(rig.swap(waiting("wait", wait))).sent()
    run.start()
    run.until("start wait")
    assert rig.call("give_back", run.id).exit_code == 0
    assert rig.lease() == run.id
    wait.touch()
    assert run.follow("follow").state == "done"
    never = rig.new_run(rig.plan([])).sent()
    assert rig.call("give_back", never.id).exit_code == 0
    assert rig.lease() is None
