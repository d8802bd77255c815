"""Text from logs, answers and addresses, fit to be shown: no secret values, no control sequences, one line.

Never shows a value because it looks harmless: what follows a secret's name is masked whatever it is.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from hummii_ops.transport.text import printable

MASK = "***"
_NAMES = r"pass(?:word|wd|phrase)?|pwd|secret|token|(?:api|access|private)[-_]?key|credentials?|cookie|session"
_VALUE = r"\\?\"(?:[^\"\\]|\\[^\"])*\\?\"|'[^']*'|[^\s,;&}\])\"']+"
_RULES = (
    # Authorization: Bearer xyz; Cookie: a=b; c=d — up to the end of the text or of the quoted string.
    (re.compile(r"(?i)\b(authorization|cookie)(\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\"'\\\r\n]+"), rf"\1\2{MASK}"),
    (re.compile(rf"(?i)((?:[\w-]*[_-])?(?:{_NAMES})[\w-]*\\?[\"']?\s*[=:]\s*)(?:{_VALUE})"), rf"\1{MASK}"),
    (re.compile(rf"(?i)(--?(?:{_NAMES})\s+)(?:{_VALUE})"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"(\b[a-zA-Z][\w+.-]*://)[^\s/@\"']*@"), rf"\1{MASK}@"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),  # a JSON web token
    (re.compile(r"\b(?:sk|pk|rk|whsec|ghp|gho|github_pat|xox[abp])[_-]\w[\w-]{9,}"), MASK),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY.*", re.DOTALL), MASK),
)


def shown(text: str, *, most: int = 300) -> str:
    """`text` on one line, masked, and cut to `most` characters."""
    line = " ".join(printable(text).split())
    for rule, instead in _RULES:
        line = rule.sub(instead, line)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def shown_url(url: str) -> str:
    """An address without what may be secret in it: user, password, query."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")
    netloc = f"{MASK}@{place[2]}" if place[1] else parts.netloc
    return urlunsplit((parts.scheme, netloc, parts.path, MASK if parts.query else "", ""))
