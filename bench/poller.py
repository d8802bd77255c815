"""Polls a URL every 10 ms from a process of its own, as a customer would: python -m bench.poller URL OUT [TOKEN]

Writes "seconds good answer" a line (monotonic clock of the machine, 1 or 0, a hash of what was answered) until it is
told to stop (SIGTERM). TOKEN is of a customer who has logged in.
"""

from __future__ import annotations

import hashlib
import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

INTERVAL_S = 0.01
TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Sample:
    """One request: when it was sent, whether it was answered well, and a hash of the answer."""

    at: float
    good: bool
    answer: str


def main(url: str, out: Path, token: str = "") -> None:
    parts = urlsplit(url)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    stop: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    with out.open("w", encoding="ascii", buffering=1) as file:
        while not stop:
            began = time.monotonic()
            good, answer = _ask(parts.hostname or "", parts.port or 80, parts.path, headers)
            file.write(f"{began:.4f} {int(good)} {answer}\n")
            time.sleep(max(0.0, INTERVAL_S - (time.monotonic() - began)))


def _ask(host: str, port: int, path: str, headers: dict[str, str]) -> tuple[bool, str]:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status == 200, hash_of(answer.read())
    except (OSError, http.client.HTTPException):
        return False, "-"
    finally:
        connection.close()


def hash_of(body: bytes) -> str:
    """An answer, short."""
    return hashlib.sha256(body).hexdigest()[:12]


@contextmanager
def polling(url: str, out: Path, token: str = "") -> Iterator[None]:
    """Polls as long as it lasts; read what was seen with `samples`, once it has ended."""
    root = Path(__file__).resolve().parent.parent
    poller = subprocess.Popen(
        [sys.executable, "-m", "bench.poller", url, str(out), *([token] if token else [])], cwd=root
    )
    try:
        deadline = time.monotonic() + 30
        while not (out.exists() and out.stat().st_size):
            if time.monotonic() > deadline:
                raise TimeoutError("waited 30 s for the poller to start")
            time.sleep(0.05)
        yield
    finally:
        poller.send_signal(signal.SIGTERM)
        poller.wait()


def samples(lines: str) -> list[Sample]:
    """What was polled."""
    words = (line.split() for line in lines.splitlines())
    return [Sample(float(at), good == "1", answer) for at, good, answer in words]


def outage(seen: Sequence[Sample]) -> float:
    """Seconds without a good answer: from each bad sample to the next sample."""
    return sum(after.at - before.at for before, after in pairwise(seen) if not before.good)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
