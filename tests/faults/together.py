"""Which cases one worker of `make faults` takes one after the other."""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling

# So many cases on small hosts: each begins where the last one ended, if it can.
TOGETHER = 50


def together(test: str) -> str:
    """The name of the company in which a test runs, by its own name."""
    small = re.search(r"test_small_run_struck\[(\d+)", test)
    if small:
        return f"small-{int(small[1]) // TOGETHER}"
    return "small" if "test_faults_small" in test else "lab"


class Together(LoadScopeScheduling):
    """Cases on the lab stay together, since they share it; those on small hosts go to who is free, some at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
