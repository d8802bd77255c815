"""Writes the record of a run when its end has been told: what does it is loaded only then."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from threading import Thread

from hummii_ops.inventory import Environment


def writer(folder: Path, environment: Environment) -> Callable[[], None]:
    """What writes the record when the end of a run has been told; it is loaded only then."""

    def write_it() -> None:
        from hummii_ops.telling.report.write import write

        write(folder, limit_ms=environment.limits.response_p95_ms)

    return write_it


def load_writer() -> None:
    """Begin to load what writes the record, beside what goes on."""
    Thread(target=import_module, args=("hummii_ops.telling.report.write",), daemon=True).start()
