"""One command on one SSH channel: say the script, hear both outputs as they come, learn how it ended.

Never waits without a watch, and never takes a missing exit code for an end: both are LinkLost.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any, Protocol

from hummii_ops.transport.protocol import LinkLost

TICK_S = 0.25  # how often the watch looks; data wakes us at once
_CHUNK_BYTES = 1 << 16


class Channel(Protocol):
    """What we use of paramiko's Channel. `in_buffer` and `in_stderr_buffer` take an event by `set_event`."""

    in_buffer: Any
    in_stderr_buffer: Any
    status_event: Event
    exit_status: int
    eof_received: bool
    closed: bool

    def exec_command(self, command: bytes) -> None: ...
    def sendall(self, s: bytes) -> None: ...
    def shutdown_write(self) -> None: ...
    def recv_ready(self) -> bool: ...
    def recv(self, nbytes: int) -> bytes: ...
    def recv_stderr_ready(self) -> bool: ...
    def recv_stderr(self, nbytes: int) -> bytes: ...
    def close(self) -> None: ...


class _Bell:
    """Rung by either buffer when data comes. Paramiko also clears it when *one* is empty: that we ignore."""

    def __init__(self) -> None:
        self._event = Event()

    def set(self) -> None:
        self._event.set()

    def clear(self) -> None: ...

    def wait(self, timeout_s: float) -> None:
        self._event.wait(timeout_s)
        self._event.clear()


def converse(
    name: str,
    channel: Channel,
    command: str,
    script: bytes,
    *,
    on_stdout: Callable[[bytes], None],
    on_stderr: Callable[[bytes], None],
    on_any: Callable[[], None],
    watch: Callable[[], None],
) -> int:
    """The exit code. `on_any` is called when anything came, `watch` at least each TICK_S.

    `watch` raises LinkLost when the wait is over.
    """
    bell = _Bell()
    channel.in_buffer.set_event(bell)
    channel.in_stderr_buffer.set_event(bell)
    # A thread of its own: sending can block, on a full window or for ever on a dead link, while we must read.
    Thread(target=_say, args=(channel, command, script), name="say", daemon=True).start()
    try:
        while True:
            ended = channel.eof_received or channel.closed  # asked before the last reading, not after
            if _hear(channel, on_stdout, on_stderr):
                on_any()
            if ended:
                break
            watch()
            bell.wait(TICK_S)
        while not channel.status_event.wait(TICK_S):  # it closed its outputs and goes on
            watch()
        if channel.exit_status < 0 or not channel.eof_received:
            raise LinkLost(f"{name}: the link ended before the script did; the outcome is unknown")
        return channel.exit_status
    finally:
        channel.close()


def _say(channel: Channel, command: str, script: bytes) -> None:
    try:
        channel.exec_command(command.encode())
        for start in range(0, len(script), _CHUNK_BYTES):
            channel.sendall(script[start : start + _CHUNK_BYTES])
        channel.shutdown_write()
    except Exception:
        # The script ended before it was read, or the link did: the reader learns which from the channel,
        # if the channel is told. A server that refuses the command leaves it open.
        channel.close()


def _hear(channel: Channel, on_stdout: Callable[[bytes], None], on_stderr: Callable[[bytes], None]) -> bool:
    """Everything that is here now; whether there was anything."""
    anything = False
    while channel.recv_ready():
        on_stdout(channel.recv(_CHUNK_BYTES))
        anything = True
    while channel.recv_stderr_ready():
        on_stderr(channel.recv_stderr(_CHUNK_BYTES))
        anything = True
    return anything
