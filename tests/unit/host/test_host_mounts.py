"""Does a container see a file that is mounted alone? Judged by times: its start against the file's last change."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

VERBS = Path(__file__).parents[3] / "hummii_ops/host/verbs"


def sees(shell: str, *containers: tuple[str, int], files: tuple[Path, ...]) -> bool:
    """Do they? Each container: its status, and how many seconds after now it was started."""
    lines = [
        f"nginx c{n} sha256:x hash {status} none 0 false 0 {at:%Y-%m-%dT%H:%M:%S.%f}000Z always"
        for n, (status, later_s) in enumerate(containers)
        for at in [datetime.now(UTC) + timedelta(seconds=later_s)]
    ]
    text = "\n".join(lines)
    script = f'. "{VERBS}/services.sh"\n. "{VERBS}/mounts.sh"\ncontainers() {{ echo "$ALL"; }}\nsees_files "$@"\n'
    words = ["verb", "hummii", "nginx", *map(str, files)]
    done = subprocess.run(
        [shell, "-euc", script, *words], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "ALL": text}
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_start_after_the_change(shell: str, tmp_path: Path) -> None:
    """Every replica that runs counts, and every file; what has ended does not."""
    one, two = tmp_path / "one", tmp_path / "two file"
    one.touch()
    two.touch()
    assert sees(shell, ("running", 60), files=(one, two))
    assert not sees(shell, ("running", -60), files=(one,))
    assert not sees(shell, ("running", 60), ("running", -60), files=(one, two))
    assert sees(shell, ("running", 60), ("exited", -60), files=(one,))
    assert not sees(shell, files=(one,)), "no container at all"
    assert not sees(shell, ("running", 60), files=(tmp_path / "gone",)), "no such file"


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_an_old_mtime_hides_nothing(shell: str, tmp_path: Path) -> None:
    """A copy that keeps its old time was put there now all the same."""
    beside, live = tmp_path / "beside", tmp_path / "live"
    beside.touch()
    subprocess.run(["touch", "-d", "2020-01-01", beside], check=True)
    beside.rename(live)
    assert not sees(shell, ("running", -60), files=(live,))
