"""Writes the record of a run into its folder on this machine: four forms of one document, each whole or not at all.

Never overwrites what a person has written into the draft.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hummii_ops.run import kept, mirror
from hummii_ops.telling.report.document import document
from hummii_ops.telling.report.html import html
from hummii_ops.telling.report.junit import junit
from hummii_ops.telling.report.markdown import markdown

HTML, MARKDOWN, JUNIT = "report.html", "report.md", "report.junit.xml"
# Where the new draft goes if the one that is there was edited.
BESIDE = "report.new.md"


def write(folder: Path, *, limit_ms: float | None = None) -> dict[str, Any]:
    """Make the record of the run in `folder` anew, and give it back. Raises Refused where nothing of a run is there."""
    markdown_name = BESIDE if _edited(folder) else MARKDOWN
    report = document(kept.read(folder), limit_ms=limit_ms)
    forms = {
        kept.REPORT: json.dumps(report, indent=1, ensure_ascii=False) + "\n",
        markdown_name: markdown(report),
        HTML: html(report),
        JUNIT: junit(report),
    }
    for name, text in forms.items():
        mirror.write(folder / name, text.encode(errors="replace"))
    return report


def _edited(folder: Path) -> bool:
    """Is the draft that is there not the one that was made of the record that is there?"""
    draft, made_of = folder / MARKDOWN, kept.read_object(folder / kept.REPORT)
    if not draft.is_file():
        return False
    try:
        return made_of is None or draft.read_text(encoding="utf-8") != markdown(made_of)
    except (KeyError, TypeError, ValueError):  # a record of another version: then nobody can tell
        return True
