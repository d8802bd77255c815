"""What counts as well, as running and as ended well, over the words that Docker has for a container."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

VERBS = Path(__file__).parents[3] / "hummii_ops/host/verbs"
# Ages, made into times when the test runs: a suite that takes long must not make the young ones old.
OLD, YOUNG = "@3600", "@10"


def says_yes(shell: str, verb: str, *words: str, state: str) -> bool:
    """Does the verb hold? `state` of the one container: status health restarts oom exit started policy."""
    for age in (OLD, YOUNG):
        at = datetime.now(UTC) - timedelta(seconds=int(age[1:]))
        state = state.replace(f"{age} ", at.strftime("%Y-%m-%dT%H:%M:%S.123456789Z "))
    line = f"job c1 sha256:x hash {state}"
    script = f'. "{VERBS}/services.sh"\n. "{VERBS}/health.sh"\ncontainers() {{ echo "{line}"; }}\n{verb} "$@"\n'
    done = subprocess.run([shell, "-euc", script, "verb", *words], capture_output=True, text=True)
    assert done.returncode in (0, 1)
    return done.returncode == 0


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_name_is_no_pattern(shell: str) -> None:
    """A dot in the name of a service stands for itself."""
    lines = (
        "api-v2 c1 sha256:x hash running none 0 false 0 - no\\napi.v2 c2 sha256:y hash exited none 0 false 0 then no"
    )
    script = (
        f'. "{VERBS}/services.sh"\ncontainers() {{ printf "{lines}\\n"; }}\n'
        'of_service api.v2 "$(containers)" | cut -d " " -f 2\nservices_stopped hummii api.v2 && echo stopped\n'
        "services_stopped hummii api-v2 || echo runs\n"
    )
    done = subprocess.run([shell, "-uc", script], capture_output=True, text=True)
    assert done.stdout.split() == ["c2", "stopped", "runs"], done


STATES = [
    (f"running healthy 0 false 0 {OLD} always", True, True),
    (f"running none 3 false 0 {YOUNG} always", True, True),
    (f"running unhealthy 0 false 0 {OLD} always", False, True),
    (f"running starting 0 false 0 {OLD} always", False, True),
    # the word stays for as long as the container lives, also when it was one worker inside that was killed
    (f"running healthy 0 true 0 {OLD} always", True, True),
    (f"running healthy 0 true 0 {YOUNG} always", True, True),
    (f"running healthy 2 true 0 {OLD} always", True, True),
    (f"running healthy 2 true 0 {YOUNG} always", False, True),
    (f"restarting none 2 true 137 {OLD} always", False, False),
    (f"exited none 0 true 137 {OLD} always", False, False),
    (f"exited none 0 false 0 {OLD} no", True, True),
    (f"exited none 0 false 0 {OLD} ", True, True),
    (f"exited none 2 false 0 {OLD} on-failure", True, True),
    (f"exited none 2 false 1 {OLD} on-failure", False, False),
    (f"exited none 0 false 0 {OLD} unless-stopped", False, False),
    (f"created none 0 false 0 {OLD} no", False, False),
    (f"paused healthy 0 false 0 {OLD} no", False, False),
]


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize(("state", "well", "runs"), STATES)
def test_well_and_running(shell: str, state: str, well: bool, runs: bool) -> None:
    """A one-shot service that ended well is well; memory counts when it has just cost a restart; up is not yet well."""
    assert says_yes(shell, "services_well", "hummii", "job", state=state) is well
    assert says_yes(shell, "services_are", "running", "hummii", "job", "sha256:x", "hash", state=state) is runs


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize(("word", "yes"), [("job", True), ("job=2", True), ("job=1", False), ("job=3", False)])
@pytest.mark.parametrize("how", ["running", "up", "there"])
def test_how_many_replicas(shell: str, how: str, word: str, yes: bool) -> None:
    """SERVICE=2 is true of two containers and of no other number; SERVICE alone asks for none."""
    two = f"running healthy 0 false 0 {OLD} always\njob c2 sha256:x hash running healthy 0 false 0 {OLD} always"
    assert says_yes(shell, "services_are", how, "hummii", word, "sha256:x", "hash", state=two) is yes
