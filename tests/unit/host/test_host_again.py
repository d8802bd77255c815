"""What was stopped alone is started as it was made, without Compose; what is not as wanted is for Compose."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

VERBS = Path(__file__).parents[3] / "hummii_ops/host/verbs"
# A docker of one container, which is started by its name, and a Compose that makes it as it should be.
SCRIPT = """
. "$1/services.sh"
run=$2 list=forward
mkdir -p "$run/facts"
containers() { cat "$run/containers"; }
docker() {
    printf '%s\n' "$*" | cut -d ' ' -f 1-2 >>"$run/asked"
    case $*$STUCK in
        'start c1') sed -i 's/exited/running/' "$run/containers" ;;
        compose*) printf '%s\n' 'api c2 sha256:new h2 running none 0 false 0 now always' >"$run/containers" ;;
    esac
}
start_or_up hummii /opt/hummii /opt/hummii/f.yml api=1 "$WANTED" "$HASH"
"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize(
    ("wanted", "config", "stuck", "asked"),
    [
        ("sha256:old", "h1", "", ["start c1"]),
        ("sha256:new", "h1", "", ["compose --ansi"]),
        ("sha256:old", "h2", "", ["compose --ansi"]),
        ("sha256:old", "-", "", ["compose --ansi"]),
        ("sha256:old", "h1", "yes", ["start c1", "compose --ansi"]),
    ],
)
def test_what_is_started_again(
    shell: str, wanted: str, config: str, stuck: str, asked: list[str], tmp_path: Path
) -> None:
    """Another image, another configuration, one that is not known, or a container that does not start: Compose."""
    (tmp_path / "containers").write_text("api c1 sha256:old h1 exited none 0 false 143 now always\n")
    environment = {"PATH": "/usr/bin:/bin", "WANTED": wanted, "HASH": config, "STUCK": stuck}
    argv = [shell, "-euc", SCRIPT, "again", str(VERBS), str(tmp_path)]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text().splitlines() == asked
