"""The record of a long run costs in proportion."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import run_folders
from run_folders import HOST, SAVED_AT, laid

from hummii_ops.telling.report.write import write


def opcodes(work: Any) -> int:
    """How many steps the interpreter makes: a count, the same on every machine."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


def grown(folder: Path, times: int) -> Path:
    """The run with many more steps, events and samples."""
    plan = json.loads((folder / HOST / "plan.json").read_text(encoding="utf-8"))
    more = [step | {"id": f"{step['id'][:40]}-{n}"} for n in range(times) for step in plan["forward"]]
    run_folders.plan(folder, forward=more)
    run_folders.journal(
        folder,
        lambda lines: [
            one | {"t": int(str(one["t"])) + n * 60_000, "step": f"{str(one['step'])[:40]}-{n}" if one["step"] else ""}
            for n in range(times)
            for one in lines
        ],
    )
    probes = (folder / HOST / "evidence" / "probe.txt").read_text(encoding="utf-8")
    (folder / HOST / "evidence" / "probe.txt").write_text(probes * times, encoding="utf-8")
    os.utime(folder / HOST / "journal.jsonl", (SAVED_AT, SAVED_AT))
    return folder


def test_a_long_run_costs_in_proportion(tmp_path: Path) -> None:
    """Four times the events is four times the work, and not sixteen: 10,000 events stay a matter of a second."""
    small = opcodes(lambda: write(grown(laid(tmp_path / "small"), 5)))
    large = opcodes(lambda: write(grown(laid(tmp_path / "large"), 20)))
    assert large < 4.6 * small
