"""What a server has: a PATH with exactly the tools that it must have, dash or bash as its `sh`, and no docker."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

TOOLS = """
    awk base64 basename cat chgrp chmod chown cmp cp cut date df diff dirname find flock grep gzip head id ln mkdir
    mv printf readlink rm sed setsid sha256sum sleep sort stat sync tail tar timeout touch tr xargs
""".split()  # noqa: SIM905 - a list of words reads best as words


def wait_for(truth: Callable[[], object], *, limit_s: float = 15) -> None:
    ends = time.monotonic() + limit_s
    while not truth():
        assert time.monotonic() < ends, "it did not come true in time"
        time.sleep(0.01)


def tools_folder(folder: Path, shell: str) -> Path:
    """A folder for PATH: the tools of a server, and `sh`, which is `shell`."""
    folder.mkdir(parents=True)
    for name in TOOLS:
        found = shutil.which(name)
        assert found, f"these tests need {name}"
        (folder / name).symlink_to(found)
    found = shutil.which(shell)
    if found is None:
        pytest.fail(f"these tests need {shell}: apt-get install -y {shell}", pytrace=False)
    (folder / "sh").symlink_to(found)
    return folder


def tree(folder: Path, *without: str) -> dict[str, tuple[str, int]]:
    """Every file below: relative path → (text, mode)."""
    return {
        str(path.relative_to(folder)): (path.read_text(errors="replace"), path.stat().st_mode & 0o7777)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in without
    }
