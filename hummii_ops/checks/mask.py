"""Text from logs, answers and addresses, fit to be shown or kept: no secret values.

What is shown is one line without control sequences; what is kept stays as it was but for its secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from hummii_ops.transport.text import MASK, masked, printable

_KEY_BEGINS, _KEY_ENDS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"), re.compile(r"-----END [A-Z ]*PRIVATE KEY")
_LONGEST_KEY_LINES = 200  # 16,384 bits of RSA; a key that never ends must not hide the rest of a log


def shown(text: str, *, most: int = 300) -> str:
    """`text` on one line, masked, and cut to `most` characters."""
    line = masked(" ".join(printable(text).split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def kept(data: bytes) -> bytes:
    """The lines of a log with their secrets masked, a private key over all its lines; other lines byte for byte."""
    return "\n".join(_kept(data.decode(errors="surrogateescape").split("\n"))).encode(errors="surrogateescape")


def _kept(lines: list[str]) -> Iterator[str]:
    hidden = 0
    for line in lines:
        if hidden:
            hidden = 0 if _KEY_ENDS.search(line) else hidden - 1
            yield MASK
            continue
        found, plain = masked(line), printable(line)
        seen = printable(found)
        yield found if masked(seen) == seen else masked(plain)  # colours may stand inside a secret's name
        if _KEY_BEGINS.search(plain) and not _KEY_ENDS.search(plain):
            hidden = _LONGEST_KEY_LINES


def shown_url(url: str) -> str:
    """An address without what may be secret in it: user, password, query."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")
    netloc = f"{MASK}@{place[2]}" if place[1] else parts.netloc
    return urlunsplit((parts.scheme, netloc, parts.path, MASK if parts.query else "", ""))
