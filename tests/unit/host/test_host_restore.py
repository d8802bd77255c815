"""What happens to a backup between its sum and its restore; and who is served, asked while the server is away."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HOST = Path(__file__).parents[3] / "hummii_ops"
RUN = "20260101T000000Z-prepare-db-0001"
START = """
. "$1/facts/database/backup.sh"
for room in database side restore; do . "$1/host/verbs/$room.sh"; done
home=$2/home run=$2/home/runs/20260101T000000Z-prepare-db-0001 backup=$2/hummii.sql
mkdir -p "$run/facts"
"""
RESTORE = """
await_database() { :; }
database_container() { echo c; }
docker() { :; }
in_database() { cat >"$home/restored"; eval "$LATER"; }
sql() { eval "$NOW"; printf 'live=1\\nside=2\\n'; }
echo 'SELECT 1;' >"$backup"
restore_side hummii postgres hummii hummii plain none "$backup" "$(sha256sum <"$backup" | cut -d ' ' -f 1)" 2
"""
REPLACED = 'sleep 0.3; echo \'SELECT 2;\' >"$home/new"; mv "$home/new" "$backup"'
SERVED = """
printf 'live=1\\nside=2\\n' >"$run/facts/side"
await_database() { echo waited >"$home/waited"; }
sql() { [ -e "$home/waited" ] || { echo "PostgreSQL's container does not run"; exit 1; }; echo '2|hummii|t|'; }
is_served hummii postgres hummii hummii 20260101T000000Z-prepare-db-0001 side
"""


def run(script: str, tmp_path: Path, shell: str, **words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shell, "-euc", START + script, "sh", str(HOST), str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", **words},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize(
    ("now", "later", "reached"),
    [(":", ":", True), (REPLACED, ":", False), (":", REPLACED, True)],
    ids=["never", "before", "after"],
)
def test_the_bytes_that_were_summed_are_restored(
    now: str, later: str, reached: bool, shell: str, tmp_path: Path
) -> None:
    """Another backup under the same name, as a job of the host puts it: not run, or what was run is not believed."""
    done = run(RESTORE, tmp_path, shell, NOW=now, LATER=later)
    believed = now == later
    assert (done.returncode == 0) == believed, done.stdout + done.stderr
    assert ("is no longer the backup that was read" in done.stdout) == (not believed)
    assert (tmp_path / "home/restored").exists() == reached
    assert (tmp_path / f"home/runs/{RUN}/facts/restored").exists() == believed


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_server_that_was_away_is_asked_again(shell: str, tmp_path: Path) -> None:
    """What the first question said is not taken for a part of the answer."""
    done = run(SERVED, tmp_path, shell)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (tmp_path / "home/waited").exists()
