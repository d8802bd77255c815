"""A run that was cut after its first change goes on: the databases stand as it left them itself, not as prepared."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

VERBS = Path(__file__).parents[3] / "hummii_ops/host/verbs"
SCRIPT = """
. "$1/side.sh"
home=$2 run=$2/runs/20260101T000000Z-rollback-db-0002
mkdir -p "$run" "$home/runs/20260101T000000Z-prepare-db-0001"
echo "done" >"$home/runs/20260101T000000Z-prepare-db-0001/state"
[ "$CHANGED" = no ] || echo 1 >"$run/changed"
as_prepared hummii postgres hummii hummii 20260101T000000Z-prepare-db-0001
"""


@pytest.mark.parametrize(("changed", "said"), [("yes", ""), ("no", "20260101T000000Z-prepare-db-0001 is not prepared")])
def test_as_prepared(changed: str, said: str, tmp_path: Path) -> None:
    """Before that, a database that another run has served is refused."""
    done = subprocess.run(
        ["sh", "-uc", SCRIPT, "sh", str(VERBS), str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "CHANGED": changed},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.strip()) == (0 if changed == "yes" else 1, said), done.stderr
