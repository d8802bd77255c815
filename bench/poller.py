"""Polls a URL every 10 ms from a process of its own, as a customer would: python -m bench.poller URL OUT

Writes "seconds good" a line (monotonic clock of the machine, 1 or 0) until it is told to stop (SIGTERM).
"""

from __future__ import annotations

import http.client
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

INTERVAL_S = 0.01
TIMEOUT_S = 1.0


def main(url: str, out: Path) -> None:
    parts = urlsplit(url)
    stop: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    with out.open("w", encoding="ascii", buffering=1) as file:
        while not stop:
            began = time.monotonic()
            file.write(f"{began:.4f} {int(_good(parts.hostname or '', parts.port or 80, parts.path))}\n")
            time.sleep(max(0.0, INTERVAL_S - (time.monotonic() - began)))


def _good(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def outage(lines: str) -> float:
    """Seconds without a good answer: from each bad sample to the next sample."""
    samples = [(float(at), good == "1") for at, good in (line.split() for line in lines.splitlines())]
    return sum(after[0] - before[0] for before, after in pairwise(samples) if not before[1])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
