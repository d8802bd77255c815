"""`make bench`: its parts, on a lab of their own; `make bench ONLY=swap` runs one of them.

Measures; never judges: the figures go to .hummii-ops/bench-PART.json, and to stdout as Markdown tables.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from bench.call import ROOT
from bench.load import load
from bench.record import record
from bench.rollback import rollback
from bench.swap import swap
from bench.verify import verify
from lab import stack
from lab.docker import Say
from lab.state import Lab

Part = Callable[[Lab, Say], tuple[Any, str]]
PARTS: dict[str, Part] = {"rollback": rollback, "swap": swap, "record": record, "verify": verify, "load": load}


def main(names: list[str]) -> int:
    """Bring up a lab, run the parts, print, take it down."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no part {', '.join(unknown)}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    os.environ["HUMMII_LAB"] = "bench"
    lab = Lab.here()
    stack.up(lab, count=1, proxy=None, say=say, ask=lambda _: True)
    try:
        for name in names or PARTS:
            figures, tables = PARTS[name](lab, say)
            out = ROOT / ".hummii-ops" / f"bench-{name}.json"
            out.parent.mkdir(exist_ok=True)
            out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
            print(tables, flush=True)
    finally:
        stack.down(lab, say=say)
    return 0


def say(text: str) -> None:
    """Progress, for people."""
    print(f"   {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
