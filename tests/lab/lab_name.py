"""The name of the lab that tests bring up and take down: `test`, or one for each process where they run in parallel."""

from __future__ import annotations

import os


def own_lab(name: str = "test") -> str:
    """`test`, or `test-gw0` in the first of several processes."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    return f"{name}-{worker}" if worker else name


def named_lab() -> tuple[str, bool]:
    """The lab to use, and whether it is somebody else's, named by HUMMII_LAB, and then left up."""
    name = os.environ.setdefault("HUMMII_LAB", own_lab())
    return name, name != own_lab()
