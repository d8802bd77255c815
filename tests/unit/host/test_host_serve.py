"""The exchange of names is tried again while a session is on its way out, and not for ever."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

VERBS = Path(__file__).parents[3] / "hummii_ops/host/verbs"
SCRIPT = """
. "$1/database.sh"
. "$1/side.sh"
home=$2 run=$2/runs/20260101T000000Z-rollback-db-0002 prepared=20260101T000000Z-prepare-db-0001
mkdir -p "$run/facts" "$home/runs/$prepared/facts"
printf 'side=7\\nlive=5\\n' >"$home/runs/$prepared/facts/side"
await_database() { :; }
date() { wc -l <"$home/tries"; } # a second each
: >"$home/tries"
sql() {
    echo swap >>"$home/tries"
    [ "$(wc -l <"$home/tries")" -le "$FAILS" ] || { echo ms=80; exit; }
    echo 'is being accessed by other users'
    false
}
serve hummii postgres hummii hummii "$prepared" side
"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize(("fails", "tries"), [(0, 1), (4, 5), (99, 5)])
def test_serve(fails: int, tries: int, shell: str, tmp_path: Path) -> None:
    """By the clock, not by the number of tries; what PostgreSQL said last is told."""
    done = subprocess.run(
        [shell, "-euc", SCRIPT, "serve", str(VERBS), str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "FAILS": str(fails)},
        capture_output=True,
        text=True,
    )
    assert len((tmp_path / "tries").read_text().splitlines()) == tries
    served = fails < tries
    said = "" if served else "is being accessed by other users\n"
    assert (done.returncode == 0, done.stdout) == (served, said), done.stderr
    assert (tmp_path / "runs/20260101T000000Z-rollback-db-0002/facts/swap").exists() == served
