"""Runs as they are kept on a laptop: one that was recorded on the lab, and what becomes of it if something is amiss."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

RECORDED = Path(__file__).parent / "runs" / "done"
RUN, HOST = "20261122T143205Z-rollback-d5c2", "lab-1"
SAVED_AT = 1795357969.0  # a moment after its end, by the laptop's clock

Line = dict[str, object]


def laid(tmp_path: Path, run_id: str = RUN) -> Path:
    """The recorded run, whole, in a folder of runs of its own."""
    folder = tmp_path / "runs" / run_id
    shutil.copytree(RECORDED, folder / HOST)
    os.utime(folder / HOST / "journal.jsonl", (SAVED_AT, SAVED_AT))
    return folder


def journal(folder: Path, change: Callable[[list[Line]], list[Line]]) -> None:
    """Write its journal anew, with other lines; it was saved when it was."""
    path = folder / HOST / "journal.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in change(lines)), encoding="utf-8")
    os.utime(path, (SAVED_AT, SAVED_AT))


def killed_at(folder: Path, step: str) -> None:
    """The journal ends where the act of a step began, and the state says that it went forward."""
    journal(folder, lambda lines: lines[: 1 + next(n for n, one in enumerate(lines) if one["step"] == step)])
    (folder / HOST / "state").write_text("forward\n", encoding="utf-8")


def plan(folder: Path, **changes: object) -> None:
    """Write its plan anew, with other values at its top."""
    path = folder / HOST / "plan.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")
