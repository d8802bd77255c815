"""One kept connection for each host, and many hosts at once with a bound.

Never lets one host's failure hide another's connection: each host gives its Transport or its own error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from types import TracebackType
from typing import Self

from hummii_ops.errors import HummiiError
from hummii_ops.transport.endpoint import Endpoint
from hummii_ops.transport.protocol import Transport
from hummii_ops.transport.ssh import connect

MAX_PARALLEL = 16


class Pool:
    """Closes what it opened when it is left. Safe to use from several threads."""

    def __init__(self, *, connect: Callable[[Endpoint], Transport] = connect, max_parallel: int = MAX_PARALLEL) -> None:
        self._connect = connect
        self._max_parallel = max_parallel
        self._kept: dict[Endpoint, Transport] = {}
        self._doors: dict[Endpoint, Lock] = {}
        self._lock = Lock()

    def transport(self, endpoint: Endpoint) -> Transport:
        """The kept connection, made at the first asking. Raises Unreachable, HostKeyError, UsageError."""
        with self._lock:
            door = self._doors.setdefault(endpoint, Lock())
        with door:
            if endpoint not in self._kept:
                self._kept[endpoint] = self._connect(endpoint)
            return self._kept[endpoint]

    def drop(self, endpoint: Endpoint) -> None:
        """Forget a connection, after LinkLost: the next `transport` makes a new one."""
        if lost := self._kept.pop(endpoint, None):
            lost.close()

    def connect_all(self, endpoints: Iterable[Endpoint]) -> dict[str, Transport | HummiiError]:
        """Every host by its name, in the order given: its Transport, or the error that stands for it."""
        hosts = list(endpoints)
        with ThreadPoolExecutor(self._max_parallel, thread_name_prefix="connect") as threads:
            return dict(zip((h.name for h in hosts), threads.map(self._attempt, hosts), strict=True))

    def close(self) -> None:
        for endpoint in list(self._kept):
            self.drop(endpoint)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _attempt(self, endpoint: Endpoint) -> Transport | HummiiError:
        try:
            return self.transport(endpoint)
        except HummiiError as error:
            return error


def connect_all(
    endpoints: Iterable[Endpoint], *, max_parallel: int = MAX_PARALLEL
) -> dict[str, Transport | HummiiError]:
    """`Pool.connect_all` for whoever closes the transports themselves."""
    return Pool(max_parallel=max_parallel).connect_all(endpoints)
