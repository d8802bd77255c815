"""The byte stream under SSH: a TCP socket that notices a dead peer, or a proxy command's pipe.

Measured: without TCP_NODELAY a burst of commands costs 47 ms each instead of 2; without both keepalives and
TCP_USER_TIMEOUT a link that falls silent is noticed after about 15 minutes, or never.
"""

from __future__ import annotations

import socket
import subprocess
from contextlib import ExitStack, suppress
from typing import Any

_KEEPALIVE = {  # idle 5 s, then a probe each 3 s, dead after 3
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPALIVE": 5,  # what macOS calls TCP_KEEPIDLE
    "TCP_KEEPINTVL": 3,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 15_000,  # ms; Linux only
}


class _Prompt(socket.socket):
    """Acknowledges at once what answers our sending.

    Until the first session sshd leaves Nagle's algorithm on: its second small packet waits for our delayed
    acknowledgement, so the first command of a connection waits 40 ms (measured: 45 ms without this, 3 with).
    """

    def send(self, data: Any, flags: int = 0, /) -> int:
        sent = super().send(data, flags)
        if hasattr(socket, "TCP_QUICKACK"):  # Linux; the kernel forgets it after a while, so each time
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return sent


def dial(address: str, port: int, *, timeout_s: float, stack: ExitStack) -> socket.socket:
    """A connected socket, closed with `stack`. Raises OSError, socket.gaierror among them."""
    sock = _Prompt(fileno=socket.create_connection((address, port), timeout=timeout_s).detach())
    stack.callback(sock.close)
    sock.settimeout(timeout_s)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            with suppress(OSError):  # a second line of defence: the pulse notices silence by itself
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return sock


def dial_by_command(command: str, *, stack: ExitStack) -> socket.socket:
    """A socket whose other end is the input and output of a ProxyCommand, ended with `stack`.

    The command is the operator's own, from their ssh_config, and ssh too gives it to a shell.
    """
    ours, theirs = socket.socketpair()
    stack.callback(ours.close)
    with theirs:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C here must not cut the link
        )
    stack.callback(_end, process)
    return ours


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
