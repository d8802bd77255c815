"""The server's own door: scripts/rollback.sh by hand on the host, without a laptop, and what a laptop sees of it."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from lab_operator import Operator
from lab_production import FILE, PROJECT, RUNS, Production

pytestmark = pytest.mark.lab

QUICK = "health: {path: /api/health, inside: 'http://127.0.0.1/api/health', settle_s: 1}"
SCRIPT = f"{PROJECT}/scripts/rollback.sh"
HOSTILE = ("v1; touch /tmp/P", "$(id)", "../../etc/passwd", "-rf", "a\nb", "`id`", "x" * 300, "1.1'\"", "ä", "*")


@dataclass(frozen=True, kw_only=True)
class Done:
    code: int
    out: str
    err: str


def by_hand(production: Production, *words: str, user: str = "deploy") -> Done:
    """The script as a person on the server calls it, without a terminal."""
    line = " ".join(shlex.quote(word) for word in words)
    script = f"cd {PROJECT} && ./scripts/rollback.sh {line}"
    call = ["docker", "exec", "-i", "-u", user, production.name, "sh", "-c", script]
    found = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
    return Done(code=found.returncode, out=found.stdout, err=found.stderr)


def await_ill(production: Production, *, replicas: int = 1) -> None:
    """A plan holds how each service was: two plans are equal only once Docker has made up its mind."""
    production.sh(
        "until docker ps --filter health=unhealthy --format '{{.Names}}' | grep -c '^hummii-api-' | grep -qx $1;"
        " do sleep 0.1; done",
        str(replicas),
    )


@pytest.fixture
def quick(laptop: Callable[..., Operator]) -> Operator:
    return laptop("quick", QUICK)


@pytest.fixture
def ready(fresh: Production, quick: Operator) -> Production:
    """1.0, then 1.1 deployed over it and known to be ill, and the door installed."""
    fresh.sh(f"rm -rf {PROJECT}/scripts")
    fresh.deploy("1.1")
    await_ill(fresh)
    quick.fab("install-host", "--yes").ended(0)
    return fresh


def plan_words(document: dict[str, object]) -> dict[str, list[tuple[object, ...]]]:
    """The steps of a plan, without their titles; what looks from outside has no place at the door."""
    return {
        name: [
            (one["id"], one["limit_s"], one["effect"], tuple(one["holds"]), tuple(one["act"]))
            for one in document[name]  # type: ignore[attr-defined]
            if one["id"] != "confirmed-outside"
        ]
        for name in ("forward", "back")
    }


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


def test_a_recorded_release_goes_the_same_way(fresh: Production, quick: Operator) -> None:
    """A restore point of `fab snapshot`, with its env file: the door restores both, keeping today's secrets' keys."""
    fresh.sh(f"rm -rf {PROJECT}/scripts")
    quick.fab("snapshot", "--reason=before").ended(0)
    fresh.deploy("1.1")
    await_ill(fresh)
    fresh.sh(f"rm {PROJECT}/backups/*[0-9]; echo NEW_FLAG=1 >>{PROJECT}/.env", user="deploy")
    quick.fab("install-host", "--yes").ended(0)
    wanted = quick.fab("rollback", "--latest", "--dry-run").ended(0).document["plans"][0]
    said = by_hand(fresh, "--latest", "--yes")
    assert said.code == 0, said
    assert fresh.serves("1.0")
    assert "NEW_FLAG" not in fresh.file(".env")
    (run,) = fresh.run_ids()
    assert plan_words(wanted) == plan_words(json.loads(fresh.sh(f"cat {RUNS}/{run}/plan.json")))
    shown = said.out + said.err
    assert not [secret for secret in quick.secrets if secret in shown]


CROOKED = """\
  idle: &one
    image: hummii-redis:7
    restart: unless-stopped
  jobs:
    <<: *one
    profiles: [jobs]
  never:
    <<: *one
    profiles: [never]
  sick_1:
    <<: *one
    healthcheck: {test: ["CMD", "false"], interval: 1s, retries: 1}
"""


def test_a_crooked_stack_goes_the_same_way(ready: Production, quick: Operator) -> None:
    """What a profile started, what is ill and what someone stopped stays as it is; the release's own service comes."""
    added = "  added:\n    image: hummii-redis:7\n"
    ready.sh('cp "$1" /tmp/plain.yml', f"{PROJECT}/{FILE}")
    ready.sh(
        """cd "$1"
        printf '%s' "$2" >/tmp/crooked; printf '%s' "$3" >/tmp/added
        sed -i '/^services:/r /tmp/crooked' "$4" backups/"$4".backup-*
        sed -i '/^services:/r /tmp/added' backups/"$4".backup-*
        docker compose -f "$4" --profile jobs up -d --no-deps idle jobs sick_1
        docker compose -f "$4" stop -t 1 idle
        ill() { docker inspect --format '{{.State.Health.Status}}' hummii-sick_1-1 | grep -q unhealthy; }
        until ill; do sleep 0.1; done""",
        PROJECT,
        CROOKED,
        added,
        FILE,
        user="deploy",
    )
    try:
        ran = ready.containers()
        wanted = quick.fab("rollback", "--latest", "--dry-run").ended(0).document["plans"][0]
        assert "sick_1 was ill before and is not part of this rollback" in wanted["warnings"]
        said = by_hand(ready, "--latest", "--yes")
        assert said.code == 0, said
        assert ready.serves("1.0")
        (run,) = ready.run_ids()
        assert plan_words(wanted) == plan_words(json.loads(ready.sh(f"cat {RUNS}/{run}/plan.json")))
        runs = ready.containers()
        assert (runs["jobs"], runs["sick_1"]) == (ran["jobs"], ran["sick_1"])
        assert ("added" in runs, "idle" in runs, "never" in runs) == (True, False, False)
        quick.fab("undo", "--yes", "--reason=back").ended(0)
        runs = ready.containers()
        assert ("added" in runs, "idle" in runs, runs["jobs"] == ran["jobs"]) == (False, False, True)
        assert ready.images()["api"] == ready.image("hummii-api:1.1")
    finally:
        ready.sh(
            """docker rm -f hummii-idle-1 hummii-jobs-1 hummii-sick_1-1 hummii-added-1 >/dev/null 2>&1 || :
            cp /tmp/plain.yml "$1" """,
            f"{PROJECT}/{FILE}",
        )


def test_a_stack_that_someone_scaled(ready: Production, quick: Operator) -> None:
    """Two of the api, by hand: both go to the release and both come back; a count that its file names is its own."""
    ready.sh(
        """cd "$1"
        printf '    scale: 2\\n' >/tmp/two
        sed -i '/^  redis:/r /tmp/two' backups/"$2".backup-*
        docker compose -f "$2" up -d --no-deps --scale api=2 api 2>&1""",
        PROJECT,
        FILE,
        user="deploy",
    )
    await_ill(ready, replicas=2)
    try:
        wanted = quick.fab("rollback", "--latest", "--dry-run").ended(0).document["plans"][0]
        counted = [one for one in wanted["changes"] if "replicas" in one]
        assert [one.partition("; ")[2] for one in counted] == [
            "replicas: 2 as today (the release's file says 1)",
            "replicas: 1 → 2, as the release has them",
        ]

        said = by_hand(ready, "--latest", "--yes")

        assert said.code == 0, said
        assert "replicas: 2 as today" in said.out
        (run,) = ready.run_ids()
        assert plan_words(wanted) == plan_words(json.loads(ready.sh(f"cat {RUNS}/{run}/plan.json")))
        assert ready.replicas() == {"api": 2, "nginx": 1, "postgres": 1, "redis": 2}
        assert ready.images()["api"] == ready.image("hummii-api:1.0")
        quick.fab("undo", "--yes", "--reason=back").ended(0)
        assert ready.replicas() == {"api": 2, "nginx": 1, "postgres": 1, "redis": 1}
        assert ready.images()["api"] == ready.image("hummii-api:1.1")
    finally:
        ready.sh('cd "$1" && docker compose -f "$2" up -d --no-deps api redis 2>&1', PROJECT, FILE, user="deploy")


def test_a_script_that_is_not_ours_stays(fresh: Production, quick: Operator) -> None:
    """A team's own scripts/rollback.sh is never overwritten unless it is said, and then kept beside."""
    fresh.sh(f"rm -rf {PROJECT}/scripts; mkdir {PROJECT}/scripts; echo 'echo mine' >{SCRIPT}", user="deploy")
    quick.fab("install-host", "--yes").ended(3)
    assert fresh.file("scripts/rollback.sh") == "echo mine"
    quick.fab("install-host").ended(3)
    quick.fab("install-host", "--yes", "--replace").ended(0)
    assert fresh.file("scripts/rollback.sh.before-hummii-ops") == "echo mine"
    version = quick.fab("install-host", "--yes").ended(0).document["installed"][0]["version"]
    assert fresh.sh(f"readlink {PROJECT}/.hummii-ops/lib/current") == version
    began = time.monotonic()
    assert by_hand(fresh, "--list").code == 0
    assert time.monotonic() - began < 60
