"""Work on a host beside its stack, as long as a test needs it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab_production import Production


@contextmanager
def in_the_background(production: Production, script: str) -> Iterator[None]:
    """A script on the host, beside the stack, that ends with the block."""
    process = subprocess.Popen(
        ["docker", "exec", "-i", production.name, "sh", "-euc", f"({script}) & read -r _ || kill $!"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.communicate(timeout=30)
