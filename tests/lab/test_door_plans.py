"""The server's own door makes the plan that a laptop makes: a recorded release, a crooked stack, a scaled one."""

from __future__ import annotations

import json
import time

import pytest
from lab_door import await_ill, by_hand, plan_words
from lab_operator import Operator
from lab_production import FILE, PROJECT, RUNS, Production

pytestmark = pytest.mark.lab

SCRIPT = f"{PROJECT}/scripts/rollback.sh"


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
