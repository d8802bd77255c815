"""A real sshd on loopback with keys of its own, and a TCP proxy that can fall silent or cut a link."""

from __future__ import annotations

import getpass
import os
import selectors
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hummii_ops.transport import Endpoint, SshTransport, connect


@dataclass(frozen=True, kw_only=True)
class Sshd:
    """A running sshd: how to reach it, and what it logged."""

    folder: Path
    port: int
    home: Path  # HOME of the sessions
    key: Path  # the client's, in authorized_keys
    user: str = field(default_factory=getpass.getuser)

    def public(self, kind: str) -> str:
        """`ssh-ed25519 AAAA…` of the host key `ed25519` or `rsa`."""
        return " ".join((self.folder / f"host_{kind}.pub").read_text().split()[:2])

    def line(self, kind: str, *, port: int | None = None) -> str:
        return f"[127.0.0.1]:{port or self.port} {self.public(kind)}"

    def known_hosts(self, *lines: str) -> Path:
        """A new known_hosts file with these lines."""
        path = self.folder / f"known_hosts_{len(list(self.folder.glob('known_hosts_*')))}"
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def endpoint(self, **changes: Any) -> Endpoint:
        """An endpoint that works, with changes."""
        port = changes.get("port", self.port)
        endpoint = Endpoint(
            name="host-1",
            address="127.0.0.1",
            port=port,
            user=self.user,
            identity_file=self.key,
            known_hosts=(self.known_hosts(self.line("ed25519", port=port)),),
        )
        return replace(endpoint, **changes)

    def log(self) -> str:
        return (self.folder / "log").read_text()


def keygen(path: Path, kind: str, *options: str) -> Path:
    size = ["-b", "2048"] if kind == "rsa" else []
    passphrase = [] if "-N" in options else ["-N", ""]
    command = ["ssh-keygen", "-q", "-t", kind, *size, *passphrase, *options, "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def wait_for(truth: Callable[[], bool], *, limit_s: float = 10) -> None:
    ends = time.monotonic() + limit_s
    while not truth():
        assert time.monotonic() < ends, "it did not come true in time"
        time.sleep(0.01)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as sock:
            return sock.recv(4) == b"SSH-"
    except OSError:
        return False


@pytest.fixture(scope="session")
def start_sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Sshd]]:
    """Start an sshd with these host keys and further lines of configuration; all are stopped at the end."""
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.fail("these tests need a real sshd: apt-get install -y openssh-server", pytrace=False)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd of root refuses to start without it
    started: list[subprocess.Popen[bytes]] = []

    def start(*lines: str, host_keys: tuple[str, ...] = ("ed25519", "rsa")) -> Sshd:
        folder = tmp_path_factory.mktemp("sshd")
        home = folder / "home"
        home.mkdir()
        key = keygen(folder / "client", "ed25519")
        shutil.copy(f"{key}.pub", folder / "authorized_keys")
        port = free_port()
        configuration = [
            *lines,
            f"Port {port}",
            "ListenAddress 127.0.0.1",
            *(f"HostKey {keygen(folder / f'host_{kind}', kind)}" for kind in host_keys),
            f"AuthorizedKeysFile {folder}/authorized_keys",
            f"SetEnv HOME={home}",
            f"PidFile {folder}/pid",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "MaxStartups 100",
            "LogLevel DEBUG1",
        ]
        (folder / "sshd_config").write_text("\n".join(configuration) + "\n")
        command = [program, "-D", "-f", str(folder / "sshd_config"), "-E", str(folder / "log")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        started.append(process)
        wait_for(lambda: process.poll() is not None or answers(port))
        assert process.poll() is None, (folder / "log").read_text()
        return Sshd(folder=folder, port=port, home=home, key=key)

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def sshd(start_sshd: Callable[..., Sshd]) -> Sshd:
    return start_sshd()


@pytest.fixture
def link(sshd: Sshd) -> Iterator[SshTransport]:
    """An open connection to the sshd."""
    transport = connect(sshd.endpoint())
    yield transport
    transport.close()


class Proxy:
    """Forwards TCP to a port of loopback until told to be silent (both ways, links stay up) or to cut."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._silent = threading.Event()
        self._left: float = float("inf")  # bytes until it falls silent
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._forward, daemon=True)
        self._thread.start()

    def be_silent(self, *, after_bytes: int = 0) -> None:
        if after_bytes:
            self._left = after_bytes
        else:
            self._silent.set()

    def cut(self) -> None:
        """End all links at once, without a word."""
        for sock in list(self._pairs):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        for sock in [self._server, *self._pairs]:
            sock.close()

    def _forward(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._server, selectors.EVENT_READ)
            while not self._over.is_set():
                if self._silent.is_set():
                    self._over.wait(0.02)
                    continue
                for key, _ in selector.select(0.02):
                    if key.fileobj is self._server:
                        client, _address = self._server.accept()
                        target = socket.create_connection(("127.0.0.1", self._target_port))
                        self._pairs |= {client: target, target: client}
                        for sock in (client, target):
                            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                            selector.register(sock, selectors.EVENT_READ)
                    else:
                        self._move(selector, key.fileobj)

    def _move(self, selector: selectors.BaseSelector, source: Any) -> None:
        try:
            data = source.recv(1 << 16)
            if data:
                self._pairs[source].sendall(data)
                self._left -= len(data)
                if self._left < 0:
                    self._silent.set()
                return
        except OSError:
            pass
        selector.unregister(source)
        with suppress(OSError):
            self._pairs[source].shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(sshd: Sshd) -> Iterator[Proxy]:
    proxy = Proxy(sshd.port)
    yield proxy
    proxy.close()
