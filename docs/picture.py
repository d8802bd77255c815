"""The pictures of the documentation: a terminal's own output, recorded once and drawn as SVG.

    python docs/picture.py                     draws docs/images/*.ansi as .svg
    python docs/picture.py --record NAME "fab status" "fab rollback --latest --yes --reason=…"
                                               runs the commands here, on a terminal of their own, and keeps the output

Nothing in a picture is typed by hand: to change one, record it again.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

IMAGES = Path(__file__).resolve().parent / "images"
COLUMNS = 112
_CONTROL = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
_NORMAL = "484f58 ff7b72 3fb950 d29922 58a6ff bc8cff 39c5cf b1bac4"
_BRIGHT = "6e7681 ffa198 56d364 e3b341 79c0ff d2a8ff 56d4dd ffffff"


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour)
    return red, green, blue


_THEME = TerminalTheme(
    _rgb("161b22"), _rgb("c9d1d9"), [_rgb(one) for one in _NORMAL.split()], [_rgb(one) for one in _BRIGHT.split()]
)
# As rich's own, without a font from the network: a picture must look the same on a train.
_FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
    font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""


def screen(raw: str) -> list[str]:
    """The lines that stay on a terminal when `raw` has been printed; colours are kept, moves are carried out."""
    rows, row = [""], 0
    for piece in re.split(r"(\n|\r|\x1b\[[0-9;?]*[A-Za-z])", raw):
        control = _CONTROL.fullmatch(piece)
        if piece == "\n":
            row += 1
            rows += [""] if row == len(rows) else []
        elif control and control[2] == "A":
            row = max(0, row - int(control[1] or 1))
        elif control and control[2] == "K":
            rows[row] = ""
        elif piece != "\r" and not (control and control[2] != "m"):
            rows[row] += piece
    while rows and not _CONTROL.sub("", rows[-1]).strip():
        rows.pop()
    return rows


def draw(raw: str, title: str) -> str:
    """The SVG of a terminal that shows `raw`."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in screen(raw):
        console.print(Text.from_ansi(line), soft_wrap=False)
    return console.export_svg(title=title, theme=_THEME, code_format=_FORMAT, unique_id="hummii")


def record(commands: list[str]) -> str:
    """What a terminal shows while these commands run, one after another."""
    return "\n".join(f"\x1b[1;36m$ {command}\x1b[0m\n{_on_a_terminal(command)}" for command in commands)


def _on_a_terminal(command: str) -> str:
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(COLUMNS), "LINES": "60", "TERM": "xterm-256color"}
    running = subprocess.Popen(shlex.split(command), stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the last writer has gone
            break
        if not part:
            break
        said += part
    os.close(ours)
    print(f"exit code {running.wait()}: {command}", file=sys.stderr)
    return said.decode(errors="replace").replace("\r\n", "\n")


def main(words: list[str]) -> None:
    if words[:1] == ["--record"] and len(words) > 2:
        kept = IMAGES / f"{words[1]}.ansi"
        kept.write_text("\n".join(screen(record(words[2:]))) + "\n", encoding="utf-8")
    elif words:
        sys.exit(__doc__)
    for kept in sorted(IMAGES.glob("*.ansi")):
        picture = draw(kept.read_text(encoding="utf-8"), title="hummii-ops")
        kept.with_suffix(".svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
