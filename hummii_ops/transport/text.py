"""Text from a host, made safe to print: it may not move the cursor, rename the window or turn the order."""

from __future__ import annotations

import re

_STRINGS = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|\Z)"  # OSC, DCS, SOS, PM, APC
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
_ESCAPES = r"\x1b[ -/]*[0-~]?"
_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # all of C0 and C1 but tab and newline
_BIDI = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_UNPRINTABLE = re.compile("|".join((_STRINGS, _CSI, _ESCAPES, _CONTROLS, _BIDI)), re.DOTALL)


def printable(text: bytes | str) -> str:
    """`text` without terminal control sequences; newlines and tabs stay. Bytes are read as UTF-8."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    return _UNPRINTABLE.sub("", text)
