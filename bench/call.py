"""A command as an operator runs it, and what it cost: time, CPU, memory, and when a word stood on the screen."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Called:
    """Its end. `shown_s`: seconds until each awaited word stood on stderr; those that never came are not in it."""

    wall_s: float
    cpu_s: float
    memory_mib: float
    stdout: str
    shown_s: Mapping[str, float] = field(default_factory=dict)


def call(
    argv: Sequence[str], folder: Path, *, text: str = "", await_words: Sequence[str] = (), well: Sequence[int] = (0,)
) -> Called:
    """Run `argv` with the inventory of `folder` and `text` on its stdin. RuntimeError if it does not end `well`."""
    environ = {**os.environ, "HUMMII_INVENTORY": str(folder / "inventory.yml")}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an operator's shell does not set it
    out, errors = folder / "out", folder / "err"
    began = time.monotonic()
    with out.open("wb") as stdout, errors.open("wb") as stderr:
        process = subprocess.Popen(argv, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr)
        assert process.stdin is not None  # noqa: S101  # PIPE was asked for
        process.stdin.write(text.encode())
        process.stdin.close()
        status, usage, shown = _waited(process.pid, errors, await_words, began)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in well:
        said = (out.read_text(encoding="utf-8", errors="replace") + errors.read_text(errors="replace"))[-2000:]
        raise RuntimeError(f"{' '.join(argv[:3])} ended with {process.returncode}: {said}")
    return Called(
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        memory_mib=usage.ru_maxrss / 1024,
        stdout=out.read_text(encoding="utf-8", errors="replace"),
        shown_s=shown,
    )


def _waited(
    process: int, errors: Path, await_words: Sequence[str], began: float
) -> tuple[int, resource.struct_rusage, dict[str, float]]:
    """How it ended, what it used, and when each word stood there."""
    shown: dict[str, float] = {}
    while True:
        pid, status, usage = os.wait4(process, os.WNOHANG)
        for word in await_words:
            if word not in shown and word.encode() in errors.read_bytes():
                shown[word] = time.monotonic() - began
        if pid:
            return status, usage, shown
        time.sleep(0.005)
