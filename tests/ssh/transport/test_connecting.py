"""Reaching a host and logging in, and what is said when that cannot be done."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hummii_ops.errors import HostKeyError, Unreachable, UsageError
from hummii_ops.transport import Pool, SshTransport, connect, connect_all
from tests.ssh.conftest import Sshd, keygen, wait_for


@pytest.fixture(autouse=True)
def _no_keys_of_the_operator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's agent nor its ~/.ssh takes part."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty ssh-agent of our own."""
    address = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(address)], stdout=subprocess.DEVNULL)
    wait_for(address.exists)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(address))
    yield address
    process.terminate()
    process.wait(10)


def unreachable(**about: object) -> Callable[[object], str]:
    def check(endpoint: object) -> str:
        began = time.monotonic()
        with pytest.raises(Unreachable) as error:
            connect(endpoint)  # type: ignore[arg-type]
        assert time.monotonic() - began < 4
        assert error.value.remedy
        assert error.value.__cause__ is None
        return error.value.what

    return check


def test_gcm_and_nothing_old_is_agreed(link: SshTransport, sshd: Sshd) -> None:
    """The server is asked for AES-GCM first, and never for CBC, MD5 or SHA-1."""
    offers = [line for line in sshd.log().splitlines() if "kex: client->server cipher" in line]
    assert "gcm@openssh.com" in offers[-1]


def test_no_agent_is_forwarded(agent: Path, sshd: Sshd, tmp_path: Path) -> None:
    """Not even when ssh_config asks for it."""
    config = tmp_path / "config"
    config.write_text("ForwardAgent yes\n")
    with contextlib.closing(connect(sshd.endpoint(ssh_config=config))) as link:
        assert link.call('echo "${SSH_AUTH_SOCK-none}"; test -t 0 || test -t 1 || echo no tty').stdout == (
            b"none\nno tty\n"
        )


def test_a_file_that_is_no_ssh_config_is_not_quoted(sshd: Sshd, tmp_path: Path) -> None:
    """An inventory may name any file: what stands in it is not said."""
    config = tmp_path / "config"
    config.write_text("root:$6$secret:20228:0\n")
    with pytest.raises(UsageError, match="cannot be used") as error:
        connect(sshd.endpoint(ssh_config=config))
    assert "secret" not in f"{error.value.what} {error.value.remedy}"


def test_a_talkative_rc_file_is_not_heard(sshd: Sshd) -> None:
    """What a login shell's rc file prints is in no answer: bash reads it even for a command over SSH."""
    rc = sshd.home / ".bashrc"
    rc.write_text("echo welcome; printf 'no newline'; echo trouble >&2\n")
    try:
        with contextlib.closing(connect(sshd.endpoint())) as link:
            result = link.call("echo fine; echo aside >&2; exit 5")
            assert (result.exit_code, result.stdout, result.stderr) == (5, b"fine\n", b"aside\n")
            heard: list[str] = []
            assert link.stream("echo one; echo two", on_line=heard.append) == 0
            assert heard == ["one", "two"]
    finally:
        rc.unlink()


class TestUnreachable:
    """Each is said in one sentence with a remedy, without a traceback, in time."""

    def test_nobody_listens(self, sshd: Sshd) -> None:
        """A port without a server."""
        assert "refused" in unreachable()(sshd.endpoint(port=1))

    def test_an_unknown_name(self, sshd: Sshd) -> None:
        """A name that DNS does not have."""
        assert "not known" in unreachable()(sshd.endpoint(address="nowhere.invalid"))

    @pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n"])
    def test_something_else_answers(self, sshd: Sshd, greeting: bytes) -> None:
        """A port that accepts and says nothing, or something else, or hangs up."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            process = subprocess.Popen(
                [sys.executable, "-c", _SERVER, greeting.hex()],
                stdin=server.fileno(),
                pass_fds=[server.fileno()],
            )
            try:
                said = unreachable()(sshd.endpoint(port=port, connect_timeout_s=1))
                # a server that hangs up may be read as an end of the handshake, or as a reset: both name the host
                assert "handshake" in said or "no connection" in said
                assert "\x1b" not in said
            finally:
                process.terminate()
                process.wait(10)

    def test_a_key_that_the_host_does_not_know(self, sshd: Sshd, tmp_path: Path) -> None:
        """The login is refused: the key that was tried is named, and how to try by hand."""
        key = keygen(tmp_path / "stranger", "ed25519")
        with pytest.raises(Unreachable) as error:
            connect(sshd.endpoint(identity_file=key))
        assert str(key) in error.value.what
        assert f"ssh -p {sshd.port} {sshd.user}@127.0.0.1" in error.value.remedy

    def test_no_key_at_all(self, sshd: Sshd) -> None:
        """Nothing to log in with."""
        assert "login was refused" in unreachable()(sshd.endpoint(identity_file=None))

    def test_a_missing_identity_file(self, sshd: Sshd, tmp_path: Path) -> None:
        """The file is named."""
        assert "missing" in unreachable()(sshd.endpoint(identity_file=tmp_path / "missing"))

    def test_a_file_that_is_no_key(self, sshd: Sshd, tmp_path: Path) -> None:
        """Garbage in the identity file is a refused login."""
        (tmp_path / "garbage").write_bytes(b"\x00\xff no key")
        assert "garbage" in unreachable()(sshd.endpoint(identity_file=tmp_path / "garbage"))

    @pytest.mark.parametrize("form", ["RFC4716", "PEM"])
    def test_a_key_with_a_passphrase(self, sshd: Sshd, tmp_path: Path, form: str) -> None:
        """No hidden prompt: the remedy is to give the key to the agent."""
        kind = "ed25519" if form == "RFC4716" else "rsa"
        key = keygen(tmp_path / "locked", kind, "-N", "a secret phrase", "-m", form)
        with pytest.raises(Unreachable, match="passphrase") as error:
            connect(sshd.endpoint(identity_file=key))
        assert error.value.remedy == f"ssh-add {key}"


_SERVER = """
import socket, sys, time
client, _ = socket.socket(fileno=0).accept()
client.sendall(bytes.fromhex(sys.argv[1]))
if sys.argv[1] != b"SSH-2.0-x\\r\\n".hex(): time.sleep(5)
"""


def test_the_agent_opens_what_a_passphrase_protects(sshd: Sshd, agent: Path, tmp_path: Path) -> None:
    """A locked identity file is no trouble when the agent holds its key."""
    subprocess.run(["ssh-add", "-q", str(sshd.key)], check=True, stderr=subprocess.DEVNULL)
    locked = tmp_path / "locked"
    shutil.copy(sshd.key, locked)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "a secret", "-f", str(locked)], check=True)
    for identity in (None, locked):
        connect(sshd.endpoint(identity_file=identity)).close()


class TestSshConfig:
    """What the operator's ssh_config says is honoured; what the inventory says comes first."""

    def test_everything_from_it(self, sshd: Sshd, tmp_path: Path) -> None:
        """HostName, User, Port and IdentityFile."""
        config = tmp_path / "config"
        config.write_text(
            "ServerAliveInterval 5\n"
            f"Host prod\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {sshd.user}\n"
            f"  IdentityFile {tmp_path}/missing\n  IdentityFile {sshd.key}\n"
        )
        endpoint = sshd.endpoint(address="prod", port=22, user=None, identity_file=None, ssh_config=config)
        known = (sshd.known_hosts(sshd.line("ed25519")),)
        from dataclasses import replace

        connect(replace(endpoint, known_hosts=known)).close()

    def test_the_inventory_comes_first(self, sshd: Sshd, tmp_path: Path) -> None:
        """User and port of the inventory win."""
        config = tmp_path / "config"
        config.write_text("User nobody-at-all\nPort 1\n")
        connect(sshd.endpoint(ssh_config=config)).close()

    def test_a_proxy_command(self, sshd: Sshd, tmp_path: Path) -> None:
        """ProxyCommand carries the link, with the port of the inventory as %p, and ends with it."""
        config = tmp_path / "config"
        relay = tmp_path / "relay.py"
        relay.write_text(_RELAY)
        config.write_text(f"Host *\n  ProxyCommand {sys.executable} {relay} %h %p {tmp_path}/pid\n")
        with contextlib.closing(connect(sshd.endpoint(ssh_config=config))) as link:
            assert link.call("echo fine").stdout == b"fine\n"
            pid = int((tmp_path / "pid").read_text())
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    def test_a_timeout(self, sshd: Sshd, tmp_path: Path) -> None:
        """ConnectTimeout is honoured."""
        config = tmp_path / "config"
        config.write_text("ConnectTimeout 1\n")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            unreachable()(sshd.endpoint(port=silent.getsockname()[1], ssh_config=config))

    @pytest.mark.parametrize("text", ["Port many\n", "Match\n", "Host *\n  ConnectTimeout soon\n"])
    def test_a_wrong_one_is_named(self, sshd: Sshd, tmp_path: Path, text: str) -> None:
        """A file that cannot be used is wrong usage, with its path."""
        config = tmp_path / "config"
        config.write_text(text)
        with pytest.raises(UsageError, match=str(config)):
            connect(sshd.endpoint(ssh_config=config, port=22))
        with pytest.raises(UsageError, match="missing"):
            connect(sshd.endpoint(ssh_config=tmp_path / "missing"))

    def test_include_is_told(self, sshd: Sshd, tmp_path: Path) -> None:
        """Include is not followed, and that is said."""
        config = tmp_path / "config"
        config.write_text("\nInclude config.d/*\n")
        link = connect(sshd.endpoint(ssh_config=config))
        link.close()
        assert link.warnings == (f"{config}:2: Include is not followed",)


_RELAY = """
import os, socket, sys, threading
open(sys.argv[3], "w").write(str(os.getpid()))
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def up():
    while data := os.read(0, 65536): sock.sendall(data)
threading.Thread(target=up, daemon=True).start()
while data := sock.recv(65536): os.write(1, data)
"""


def test_many_hosts_at_once_each_with_its_own_end(sshd: Sshd) -> None:
    """One that cannot be reached does not hide the others; the order is that of the asking."""
    hosts = [sshd.endpoint(name=f"host-{n}") for n in range(6)]
    hosts[2] = sshd.endpoint(name="down", port=1)
    hosts[4] = sshd.endpoint(name="stranger", known_hosts=())
    reached = connect_all(hosts, max_parallel=3)
    assert list(reached) == ["host-0", "host-1", "down", "host-3", "stranger", "host-5"]
    assert isinstance(reached["down"], Unreachable)
    assert isinstance(reached["stranger"], HostKeyError)
    for transport in reached.values():
        if isinstance(transport, SshTransport):
            assert transport.call("echo fine").stdout == b"fine\n"
            transport.close()


def test_a_pool_keeps_one_connection_for_each_host(sshd: Sshd) -> None:
    """Asked twice, it is the same one; dropped, it is a new one; left, all are closed."""
    endpoint = sshd.endpoint()
    before = sshd.log().count("Accepted publickey")
    with Pool() as pool:
        first = pool.transport(endpoint)
        assert pool.transport(endpoint) is first
        assert pool.connect_all([endpoint]) == {"host-1": first}
        assert sshd.log().count("Accepted publickey") == before + 1
        pool.drop(endpoint)
        second = pool.transport(endpoint)
        assert second is not first
        assert second.call("echo fine").exit_code == 0
