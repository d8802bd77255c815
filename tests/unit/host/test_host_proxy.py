"""A proxy is told to look again once what was stopped is started; that it cannot be told is for others to judge."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

VERBS = Path(__file__).parents[3] / "hummii_ops/host/verbs"
SCRIPT = """
. "$1/health.sh"
run=$2 list=forward
mkdir -p "$run/facts" "$run/bin"
printf '%s\n' '#!/bin/sh' "run=$run" "$DOCKER" >"$run/bin/docker"
chmod +x "$run/bin/docker"
PATH=$run/bin:$PATH
! proxy_told hummii nginx 'nginx -t' 'nginx -s reload' || exit 9
look_again hummii nginx 'nginx -t' 'nginx -s reload' || exit
proxy_told hummii nginx 'nginx -t' 'nginx -s reload'
"""
DOCKER = """case $1 in
    ps) echo p1 ;;
    *) printf '%s\\n' "$*" >>"$run/asked"; [ ! -e "$run/facts/proxy-forward" ] && [ "$ILL" = no ] ;;
esac
"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("ill", ["no", "yes"])
def test_a_proxy_that_is_told(shell: str, ill: str, tmp_path: Path) -> None:
    """Each command once, in its order; none after one that fails; a proxy that is ill sends no run back."""
    argv = [shell, "-euc", SCRIPT, "told", str(VERBS), str(tmp_path)]
    done = subprocess.run(
        argv, env={"PATH": "/usr/bin:/bin", "ILL": ill, "DOCKER": DOCKER}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["exec p1 nginx -t", "exec p1 nginx -s reload"][: 1 if ill == "yes" else 2]
