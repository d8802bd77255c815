"""One notification through Apprise, in a process that can be ended: python -m …, what is to be sent on stdin as JSON.

Apprise reads whole answers and hangs on to its threads; here neither costs more than this process.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

SENT, NOT_SENT, NOT_INSTALLED, UNKNOWN_ADDRESS = 0, 1, 3, 4
_MOST_BYTES = 2 << 30


def main() -> int:
    """Without a title: only whether Apprise knows the address."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    asked: dict[str, Any] = json.load(sys.stdin)
    try:
        import apprise
    except ImportError:
        return NOT_INSTALLED
    made = apprise.Apprise()
    if not made.add(asked["address"]):
        return UNKNOWN_ADDRESS
    if "title" not in asked:
        return SENT
    text = apprise.NotifyFormat.TEXT  # what a person wrote is shown by services that show HTML or Markdown
    return SENT if made.notify(title=asked["title"], body=asked["body"], body_format=text) else NOT_SENT


if __name__ == "__main__":
    os._exit(main())  # its threads are not waited for
