"""The server's own script and a docker that does not answer one of its questions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CHECKS = Path(__file__).parents[3] / "hummii_ops/host/door/checks.sh"
SCRIPT = """
. "$1"
stop() { echo "$2"; exit "$1"; }
limit_docker 1
docker ps && echo answered
docker inspect no-such-image || echo no
all_answered
docker inspect stuck || echo nothing
all_answered
"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_no_answer_is_not_a_no(tmp_path: Path, shell: str) -> None:
    """A question that hangs is given up, and what it would have said is not taken for "there is none"."""
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\ncase $2 in stuck) exec sleep 60 ;; no-such-image) exit 1 ;; esac\n")
    program.chmod(0o755)
    done = subprocess.run(
        [shell, "-uc", f"work={tmp_path}; PATH={tmp_path}:$PATH; {SCRIPT}", "door", str(CHECKS)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    said = ["answered", "no", "nothing", "refused: docker did not answer within 1 s"]
    assert (done.returncode, done.stdout.splitlines()) == (3, said), done
