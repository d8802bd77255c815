"""Deploys under the guard, on a real stack: the restore point that they leave, the hold that stops the next one, and a
rollback that ends one at work."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
from lab_operator import Operator, until
from lab_production import PROJECT, Production

from hummii_ops.errors import Refused
from lab import stack

pytestmark = pytest.mark.lab

RESULT = "/tmp/guarded-deploy.json"


def call_of(production: Production, script: Sequence[str], flags: Sequence[str]) -> list[str]:
    guard = [f"{PROJECT}/.hummii-ops/bin/hummii-host", "with-lease", f"--result={RESULT}", *flags]
    return ["docker", "exec", "-u", "deploy", "-w", PROJECT, production.name, *guard, "--", *script]


def guarded(production: Production, version: str, *flags: str) -> tuple[int, str, dict[str, Any]]:
    """A guarded deploy of the team's script: its exit code, what it said, and its line."""
    call = call_of(production, ["./deploy.sh", version], flags)
    done = subprocess.run(call, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr, json.loads(production.sh(f"cat {RESULT}"))


def test_a_merge_after_a_rollback(fresh: Production, operator: Operator) -> None:
    """A guarded 1.1 leaves a restore point of 1.0, and a rollback goes back to it; then the hold stops the next deploy,
    and when it is lifted, the mark stops 1.1."""
    operator.fab("install-host", "--yes").ended(0)
    files_of_1_0 = fresh.file()
    fails_early = ["sh", "-c", "sed -i 's/hummii-api:1.0/hummii-api:1.1/' docker-compose.prod.yml; exit 9"]
    failed = subprocess.run(call_of(fresh, fails_early, ["--no-backup"]), stdin=subprocess.DEVNULL, check=False)
    said = json.loads(fresh.sh(f"cat {RESULT}"))
    assert (failed.returncode, said["touched_what"], said["database_backup"]) == (9, ["compose-file"], None)
    operator.fab("rollback", f"--to={said['restore_point']}", "--yes", "--reason=put the file back").ended(0)
    assert (fresh.file(), fresh.serves("1.0")) == (files_of_1_0, True)
    operator.fab("unhold").ended(0)

    code, words, said = guarded(fresh, "1.1", "--version=1.1", "--reason=merge 41")
    assert (code, said["state"], said["exit_code"], said["touched"]) == (0, "ended", 0, True), words
    assert {"compose-file", "container:api"} <= set(said["touched_what"])
    assert (said["release_before"], said["release_after"], said["marked_bad"]) == ("1.0", "1.1", False)
    assert operator.fab("status").ended(0).document["last_deploy"] == said
    checked = operator.fab("check-backup", f"--backup={said['database_backup']}").ended(0).document
    assert (checked["verdict"], checked["backups"][0]["release"]) == ("pass", "1.0")
    points = {one["id"]: one for one in operator.fab("releases").ended(0).document["releases"]}
    assert (points[said["restore_point"]]["version"], points[said["restore_point"]]["restorable"]) == ("1.0", True)

    to = f"--to={said['restore_point']}"
    operator.fab("rollback", to, "--yes", "--reason=1.1 is broken").ended(0)
    assert fresh.serves("1.0")

    before = fresh.containers()
    code, words, said = guarded(fresh, "1.2", "--version=1.2")
    assert (code, said["refused"], said["touched"], fresh.containers()) == (3, "hold", False, before), words
    assert "1.1 is broken" in words
    operator.fab("hold", "--reason=a short one", "--expires=1min").ended(0)
    assert operator.fab("status").ended(0).document["hold"]["until"]
    operator.fab("unhold", "--reason=1.2 mends it").ended(0)
    code, words, said = guarded(fresh, "1.1", "--version=1.1")
    assert (code, said["refused"], fresh.containers()) == (3, "marked-bad", before), words
    code, words, said = guarded(fresh, "1.1")
    assert (code, said["release_after"], said["marked_bad"]) == (0, "1.1", True), words
    assert "1.1 is marked bad" in words


def test_an_exit_code_of_the_script_is_its_own(fresh: Production, operator: Operator) -> None:
    """126 is what a missing program ends with, too: what the lab's deploy says of each is another thing."""
    with pytest.raises(Refused, match="has no guard of deploys"):
        stack.deploy(fresh.lab, "1.2", guarded=True, say=print)
    operator.fab("install-host", "--yes").ended(0)
    fresh.sh(f"cd {PROJECT}; cp -a deploy.sh kept.sh; printf '#!/bin/sh\\nexit 126\\n' >deploy.sh")
    try:
        with pytest.raises(Refused, match="the guarded deploy ended with 126"):
            stack.deploy(fresh.lab, "1.2", guarded=True, say=print)
    finally:
        fresh.sh(f"cd {PROJECT}; mv kept.sh deploy.sh")
    stack.deploy(fresh.lab, "1.2", guarded=True, say=print)
    assert fresh.serves("1.2")


def test_a_rollback_comes_while_a_deploy_is_at_work(fresh: Production, operator: Operator) -> None:
    """It is refused (4) and told whose deploy it is; with --wait it waits; with --stop-deploy it ends the deploy first,
    and that is kept."""
    operator.fab("install-host", "--yes").ended(0)
    script = ["sh", "-c", "./deploy.sh 1.1 && sleep 600"]
    with subprocess.Popen(call_of(fresh, script, ["--reason=merge 42"]), stdin=subprocess.DEVNULL) as deploy:
        until(lambda: fresh.health()[1] == "1.1" or "1.1" in fresh.file(), what="1.1 is being deployed")
        until(lambda: fresh.holds("pgrep -f '^sleep 600'"), what="the script sleeps")
        refused = operator.fab("rollback", "--latest", "--yes", "--wait=3").ended(4)
        assert "for deploy (" in refused.everything
        assert "merge 42" in refused.everything
        assert "waiting, at most" in refused.stderr
        slip = operator.fab("rollback", "--to=9.9", "--yes", "--stop-deploy", "--reason=it is broken").ended(3)
        assert "9.9" in slip.everything
        assert deploy.poll() is None
        done = operator.fab("rollback", "--latest", "--yes", "--stop-deploy", "--reason=it is broken").ended(0)
        assert deploy.wait(30) == 143
    assert fresh.serves("1.0")
    assert not fresh.holds("pgrep -f '^sleep 600'")
    said = json.loads(fresh.sh(f"cat {RESULT}"))
    assert (said["state"], said["exit_code"], said["touched"]) == ("ended", 143, True)
    assert said["stopped_by"].endswith(": it is broken")
    assert "was ended for this rollback" in json.dumps(done.document) + done.stderr
    operator.fab("unhold").ended(0)
    with subprocess.Popen(call_of(fresh, ["sleep", "600"], ["--reason=merge 43"]), stdin=subprocess.DEVNULL) as deploy:
        until(lambda: fresh.holds("pgrep -f '^sleep 600'"), what="another deploy is at work")
        refused = operator.fab("rollback", "--to=1.0", "--yes", "--stop-deploy", "--reason=it is broken").ended(3)
        assert deploy.wait(30) == 143
    assert "was ended for this rollback, and stays ended" in refused.document["error"]
