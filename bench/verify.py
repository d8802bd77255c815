"""The part `verify`: how long fab verify takes beside its slowest look, on a healthy host.

Its looks are made side by side: the whole should cost the slowest one and little more, and never a minute.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench.call import ROOT, call
from lab.docker import Say
from lab.state import Lab

ROUNDS = int(os.environ.get("HUMMII_BENCH_ROUNDS", "10"))
READS = ("first read", "second read")


def verify(lab: Lab, say: Say) -> tuple[Any, str]:
    """The figures, and a table of them."""
    rounds = []
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        include = json.dumps(str(lab.environment_file))
        (folder / "inventory.yml").write_text(f"environments:\n  lab:\n    include: {include}\n", encoding="utf-8")
        for number in range(ROUNDS):
            called = call([str(ROOT / ".venv/bin/fab"), "verify", "--format=json"], folder)
            (host,) = json.loads(called.stdout)["hosts"]
            rounds.append({"wall_s": round(called.wall_s, 2), "looks_s": host["elapsed_s"]})
            say(f"verify {number + 1} of {ROUNDS}: {called.wall_s:.1f} s")
    figures = figures_of(rounds)
    return figures, table(figures)


def figures_of(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each round the whole, its slowest look, and both in a ratio; the two reads are no looks."""
    looks = {name: round(median(one["looks_s"].get(name, 0.0) for one in rounds), 2) for name in rounds[0]["looks_s"]}
    slowest = [max(spent for name, spent in one["looks_s"].items() if name not in READS) for one in rounds]
    ratios = [one["wall_s"] / most for one, most in zip(rounds, slowest, strict=True)]
    return {
        "rounds": len(rounds),
        "wall_s": {"median": median(one["wall_s"] for one in rounds), "worst": max(one["wall_s"] for one in rounds)},
        "slowest_look_s": round(median(slowest), 2),
        "ratio": {"median": round(median(ratios), 2), "worst": round(max(ratios), 2)},
        "looks_s": looks,
    }


def table(figures: dict[str, Any]) -> str:
    """As Markdown."""
    wall, ratio = figures["wall_s"], figures["ratio"]
    rows = "".join(f"| {name} | {spent} s | |\n" for name, spent in figures["looks_s"].items())
    return (
        "| fab verify | median | worst |\n| --- | --- | --- |\n"
        f"| the whole | {wall['median']} s | {wall['worst']} s |\n"
        f"| against its slowest look (aim: 1.2) | {ratio['median']} × | {ratio['worst']} × |\n{rows}"
    )
