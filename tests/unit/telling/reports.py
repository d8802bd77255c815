"""Reports made from folders of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hummii_ops.run import kept
from hummii_ops.telling.report.document import document


def reported(folder: Path) -> dict[str, Any]:
    return document(kept.read(folder), limit_ms=1000)
