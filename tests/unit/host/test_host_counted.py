"""What the served database holds is measured when it was counted to the end, under the names that the backup has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "hummii_ops"
SCRIPT = """
. "$1/facts/database/backup.sh"
for verbs in database side validate; do . "$1/host/verbs/$verbs.sh"; done
run=$2
mkdir -p "$run/facts"
[ -z "$EXPECTED" ] || echo "$EXPECTED" >"$run/rows.expected"
sql() {
    case $1 in
        counts) [ -z "$ROWS" ] || printf '%s\\n' "$ROWS" ;;
        partitions) [ "$ANSWERS" = yes ] && printf 'public.visits\\tpublic.visits_%s\\n' a b ;;
    esac
}
measure_loss hummii postgres hummii hummii || :
loss_measured hummii postgres hummii hummii
"""
PARTITIONS = "1 public.visits_a\n2 public.visits_b"


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize(
    ("rows", "expected", "answers", "found"),
    [
        (PARTITIONS, "3 public.visits", "yes", "3 public.visits\n"),
        (PARTITIONS, "3 public.visits", "no", None),
        (PARTITIONS, "1 public.visits_a", "no", f"{PARTITIONS}\n"),
        (PARTITIONS, "", "no", f"{PARTITIONS}\n"),
        ("", "", "no", ""),
    ],
)
def test_what_is_lost(rows: str, expected: str, answers: str, found: str | None, shell: str, tmp_path: Path) -> None:
    """Half counted is not measured; a database without a table is."""
    done = subprocess.run(
        [shell, "-euc", SCRIPT, "counted", str(PACKAGE), str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "ROWS": rows, "EXPECTED": expected, "ANSWERS": answers},
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 0) == (found is not None), done.stderr
    fact = tmp_path / "facts/rows-live"
    assert (fact.read_text() if fact.exists() else None) == found
