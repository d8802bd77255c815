"""What all made pages share."""

from __future__ import annotations

from collections.abc import Sequence

MADE = "<!-- Made by docs/generate.py from the code: change the code, then run it again. -->\n"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
