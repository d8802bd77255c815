"""A run that was cut after it placed its dump goes on from there; one that was cut before takes its part away."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

VERBS = Path(__file__).parents[3] / "hummii_ops/host/verbs"
SCRIPT = """
. "$1/database.sh"
run=$2/runs/20260101T000000Z-prepare-db-0001 folder=$2/backups
mkdir -p "$run/facts" "$(making "$folder")"
cd "$(making "$folder")"
echo rows >a.dump
sha256sum a.dump >a.dump.sha256
echo "run=$MADE_BY" >a.dump.manifest
if [ "$PLACED" = yes ]; then place_backup "$folder" a.dump; fi
for holds in dump_made dump_summed manifest_written; do
    "$holds" "$folder" a.dump 2>/dev/null && echo "$holds"
done
sweep_dump "$folder"
dump_swept "$folder" && ls "$folder"
"""
MADE = ["dump_made", "dump_summed", "manifest_written"]
FILES = ["a.dump", "a.dump.manifest", "a.dump.sha256"]


@pytest.mark.parametrize(
    ("made_by", "placed", "said"),
    [
        ("20260101T000000Z-prepare-db-0001", "yes", MADE + FILES),
        ("20260101T000000Z-backup-db-0009", "yes", FILES),
        ("20260101T000000Z-prepare-db-0001", "no", ["dump_summed"]),
    ],
)
def test_what_holds_after_a_cut(made_by: str, placed: str, said: list[str], tmp_path: Path) -> None:
    """Made, summed and described is what this run itself has placed, and no other."""
    done = subprocess.run(
        ["sh", "-uc", SCRIPT, "sh", str(VERBS), str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "MADE_BY": made_by, "PLACED": placed, "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == said, done.stderr
