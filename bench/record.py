"""The part `record`: what the record of a run costs, of a usual run and of one with 10,000 events. Needs no host.

The usual run is the one that tests have recorded; the long one has its steps, events and samples many times over.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.call import ROOT
from hummii_ops.telling.report.write import write
from lab.docker import Say
from lab.state import Lab

_RECORDED = ROOT / "tests" / "unit" / "telling" / "runs" / "done"
_ROUNDS = 5


def record(_lab: Lab, say: Say) -> tuple[Any, str]:
    """The figures, and a table of them."""
    figures = {}
    for name, times in (("usual", 1), ("long", 271)):
        with tempfile.TemporaryDirectory() as room:
            folder = Path(room) / "20261122T143205Z-rollback-d5c2"
            events = _lay(folder / "lab-1", times)
            say(f"record of {events} events, {_ROUNDS} times")
            spent = [_timed(folder) for _ in range(_ROUNDS)]
            size = (folder / "report.html").stat().st_size
            figures[name] = {"events": events, "median_s": round(median(spent), 3), "html_bytes": size}
    rows = "".join(
        f"| {name} | {one['events']} | {one['median_s']} s | {one['html_bytes'] // 1024} KiB |\n"
        for name, one in figures.items()
    )
    return figures, f"| Run | Events | Record in four forms | report.html |\n| --- | --- | --- | --- |\n{rows}"


def _lay(host: Path, times: int) -> int:
    """The recorded run, that many times over; the number of its events."""
    shutil.copytree(_RECORDED, host)
    plan = json.loads((host / "plan.json").read_text(encoding="utf-8"))
    plan["forward"] = [one | {"id": _named(one["id"], n)} for n in range(times) for one in plan["forward"]]
    (host / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    lines = [json.loads(line) for line in (host / "journal.jsonl").read_text(encoding="utf-8").splitlines()]
    many = [one | {"step": _named(one["step"], n), "t": one["t"] + n * 60_000} for n in range(times) for one in lines]
    (host / "journal.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in many), encoding="utf-8")
    probes = host / "evidence" / "probe.txt"
    probes.write_text(probes.read_text(encoding="utf-8") * min(times, 50), encoding="utf-8")
    return len(many)


def _named(step: str, number: int) -> str:
    return f"{step[:40]}-{number}" if step else ""


def _timed(folder: Path) -> float:
    begun = time.perf_counter()
    write(folder, limit_ms=1000)
    return time.perf_counter() - begun
