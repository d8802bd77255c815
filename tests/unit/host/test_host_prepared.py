"""What was restored is written out before it is served; that this takes too long does not spoil it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "hummii_ops"
SCRIPT = """
. "$1/facts/database/backup.sh"
for verbs in database side; do . "$1/host/verbs/$verbs.sh"; done
run=$2/run lib=$2/lib
mkdir -p "$run" "$lib/sql"
cp "$1/facts/database/sql/checkpoint.sql" "$lib/sql"
PATH=$2/bin:$PATH
! is_prepared || exit 9
note_prepared hummii postgres hummii hummii || exit
is_prepared
"""
DOCKER = """#!/bin/sh
case $1:$* in
    ps:*) echo p1 ;;
    *psql*) cat >/dev/null; echo "$ILL" | grep -qv checkpoint ;;
    *) echo "$*" >>"${0%/*}/asked"; echo "$ILL" | grep -qv disk ;;
esac
"""
SYNC = """#!/bin/sh
echo "sync $*" >>"${0%/*}/asked"
echo "$*:$ILL" | grep -qv -- '-f.*:disk'
"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("ill", ["nothing", "checkpoint", "disk"])
def test_what_is_prepared(ill: str, shell: str, tmp_path: Path) -> None:
    """No disk is waited for but docker's and the run's; neither of them, nor PostgreSQL, can spoil what is restored."""
    (tmp_path / "bin").mkdir()
    for name, text in (("docker", DOCKER), ("sync", SYNC)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    done = subprocess.run(
        [shell, "-euc", SCRIPT, "prepared", str(PACKAGE), str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "ILL": ill},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "bin/asked").read_text().splitlines()
    assert asked == ["exec p1 sync -f /", f"sync -f {tmp_path}/run", f"sync {tmp_path}/run"]
