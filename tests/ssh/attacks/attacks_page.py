"""docs/attacks.md, out of what each string got in each input."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "attacks.md"
_HEAD = """\
# Attacks

Each of {strings} strings (a command after `;`, `$(…)`, options, paths, control and turning characters, a NUL …; all:
[attack_strings.py](../tests/ssh/attacks/attack_strings.py)) in each of {inputs} inputs, by a real `fab` against a
real sshd. **{calls} attacks: 0 executed, 0 leaked, 0 tracebacks.** The tests write this page
(`HUMMII_ATTACKS=write .venv/bin/python -m pytest tests/ssh/attacks`), and fail when an exit code is not what they got.
`…` stands for the string itself. What is `done` was a fine value there: kept and shown as text. On the host docker does
not answer, so that what may pass as a name is refused there at the latest; most of what GitHub says is refused before a
host is asked.
"""


@dataclass(frozen=True, kw_only=True)
class Got:
    """What a string got: exit code, and what a person was told."""

    label: str
    code: int
    said: str


def page(got: Mapping[str, Sequence[Got]]) -> str:
    """The whole page."""
    calls = sum(len(rows) for rows in got.values())
    text = _HEAD.format(strings=len(next(iter(got.values()))), inputs=len(got), calls=calls)
    return text + "".join(_table(name, rows) for name, rows in got.items())


def codes(text: str, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """Of a page: by input, and by string of `labels`, its exit code."""
    found: dict[str, dict[str, int]] = {}
    for part in text.split("\n## `")[1:]:
        name, *lines = part.splitlines()
        rows = [line.strip("| ").split(" | ") for line in lines if re.match(r"\| \d", line)]
        found[name] = {
            label: int(row[0])
            for row in rows
            for label in labels
            if row[-1] == "all" or f", {label}," in f", {row[-1].partition(': ')[2]},"
        }
    return found


def _table(name: str, rows: Sequence[Got]) -> str:
    groups: dict[tuple[int, str], list[str]] = {}
    for one in rows:
        groups.setdefault((one.code, _form(one.said)), []).append(one.label)
    lines = [f"| {code} | {_cell(said)} | {_labels(labels, len(rows))} |" for (code, said), labels in groups.items()]
    return f"\n## `{name}`\n\n| exit | said | strings |\n| --- | --- | --- |\n" + "\n".join(lines) + "\n"


def _form(said: str) -> str:
    """The message without the string in it, which stands between quotes."""
    return re.sub(r"'[^\n]*'|\"[^\n]*\"", "…", said)[:200]


def _cell(said: str) -> str:
    return said.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _labels(labels: Sequence[str], of: int) -> str:
    return "all" if len(labels) == of else f"{len(labels)}: {', '.join(labels)}"
