"""A container that was made and never started is made anew, and Compose is asked for the counts of those alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

VERBS = Path(__file__).parents[3] / "hummii_ops/host/verbs"
SCRIPT = """
. "$1/services.sh"
run=$2 list=forward
mkdir -p "$run/facts"
containers() { printf '%s\n' 'api c1 x h running' 'redis c2 x h created'; }
docker() { # Compose cannot start what is stuck, until it is made anew
    printf '%s\n' "$*" >>"$run/asked"
    case $* in *--force-recreate*) : >"$run/anew" ;; *) [ -e "$run/anew" ] ;; esac
}
compose_up hummii /opt/hummii /opt/hummii/f.yml api=3 redis=1
"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_only_what_is_stuck_is_made_anew(shell: str, tmp_path: Path) -> None:
    """Compose refuses a count for a service that it was not asked for."""
    done = subprocess.run([shell, "-euc", SCRIPT, "up", str(VERBS), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    asked = [line.split("--no-deps", 1)[1].split() for line in (tmp_path / "asked").read_text().splitlines()]
    both = ["--scale", "api=3", "--scale", "redis=1", "api", "redis"]
    assert asked == [both, ["--force-recreate", "--scale", "redis=1", "redis"], both]
