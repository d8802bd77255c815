"""Text from a host, made safe to print: it may not move the cursor, rename the window, turn the order or tell a secret.

Never shows a value because it looks harmless: what follows a secret's name is masked whatever it is.
"""

from __future__ import annotations

import re

_STRINGS = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|\Z)"  # OSC, DCS, SOS, PM, APC
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
_ESCAPES = r"\x1b[ -/]*[0-~]?"
_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # all of C0 and C1 but tab and newline
_BIDI = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_UNPRINTABLE = re.compile("|".join((_STRINGS, _CSI, _ESCAPES, _CONTROLS, _BIDI)), re.DOTALL)

MASK = "***"
_NAMES = r"pass(?:word|wd|phrase)?|pwd|secret|token|(?:api|access|private)[-_]?key|credentials?|cookie|session"
_VALUE = r"\\?\"(?:[^\"\\]|\\[^\"])*\\?\"|'[^']*'|[^\s,;&}\])\"']+"
# What repeats in front of a value is bounded: a log line may have a megabyte and must not take a minute.
_SECRETS = (
    # Authorization: Bearer xyz; Cookie: a=b; c=d — up to the end of the text or of the quoted string.
    (re.compile(r"(?i)\b(authorization|cookie)(\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\"'\\\r\n]+"), rf"\1\2{MASK}"),
    (re.compile(rf"(?i)((?:{_NAMES})[\w-]{{0,100}}\\?[\"']?\s*[=:]\s*)(?:{_VALUE})"), rf"\1{MASK}"),
    (re.compile(rf"(?i)(--?(?:{_NAMES})\s+)(?:{_VALUE})"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"(\b[a-zA-Z][\w+.-]{0,30}://)[^\s/@\"']{0,2000}@"), rf"\1{MASK}@"),
    (re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),  # a JSON web token
    (re.compile(r"\b(?:sk|pk|rk|whsec|ghp|gho|github_pat|xox[abp])[_-]\w[\w-]{9,}"), MASK),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY.*", re.DOTALL), MASK),
)


def printable(text: bytes | str) -> str:
    """`text` without terminal control sequences; newlines and tabs stay. Bytes are read as UTF-8."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    return _UNPRINTABLE.sub("", text)


def masked(line: str) -> str:
    """`line` with the values in it that may be secret masked; the rest stays as it is."""
    for rule, instead in _SECRETS:
        line = rule.sub(instead, line)
    return line
