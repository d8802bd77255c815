"""Only hosts whose key is on record are talked to, and jump hosts are hosts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hummii_ops.errors import HostKeyError, Unreachable
from hummii_ops.transport import Endpoint, connect, scan_host_keys
from hummii_ops.transport.hostkeys import fingerprint
from tests.ssh.conftest import Sshd, keygen, wait_for

CONNECTIONS_ENDED = (
    "Connection closed by",
    "Connection reset by",
    "Disconnected from",
    "Received disconnect",
)


def works(endpoint: Endpoint) -> bool:
    link = connect(endpoint)
    try:
        return link.call("echo fine").stdout == b"fine\n"
    finally:
        link.close()


def refusal(endpoint: Endpoint) -> HostKeyError:
    with pytest.raises(HostKeyError) as refused:
        connect(endpoint)
    assert refused.value.remedy
    assert refused.value.exit_code == 3
    return refused.value


def fingerprint_of(public: str) -> str:
    return fingerprint(base64.b64decode(public.split()[1]))


@pytest.fixture
def other_key(tmp_path: Path) -> str:
    """A public ed25519 key that no server here has."""
    return " ".join(Path(f"{keygen(tmp_path / 'other', 'ed25519')}.pub").read_text().split()[:2])


def hashed(name: str) -> str:
    salt = os.urandom(20)
    digest = hmac.digest(salt, name.encode(), hashlib.sha1)
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_one_known_key_is_enough(sshd: Sshd, kind: str) -> None:
    """A host of which only one kind of key is on record is asked for that kind."""
    assert works(sshd.endpoint(known_hosts=(sshd.known_hosts(sshd.line(kind)),)))


def test_an_unknown_key_is_refused_before_the_login(sshd: Sshd) -> None:
    """The message names the fingerprint, the remedy how to store it, and the server saw no login."""
    before = len(sshd.log())
    error = refusal(sshd.endpoint(known_hosts=(sshd.known_hosts(),)))
    assert fingerprint_of(sshd.public("ed25519")) in error.what
    assert f"fab init --host={sshd.user}@127.0.0.1:{sshd.port}" in error.remedy
    wait_for(lambda: any(words in sshd.log()[before:] for words in CONNECTIONS_ENDED))
    assert "userauth-request" not in sshd.log()[before:]


def test_no_known_hosts_at_all_is_refused(sshd: Sshd) -> None:
    """No file is no trust; a file that does not exist is none."""
    refusal(sshd.endpoint(known_hosts=()))
    refusal(sshd.endpoint(known_hosts=(sshd.folder / "missing",)))


def test_a_changed_key_names_both_and_sends_nothing(sshd: Sshd, other_key: str) -> None:
    """Both fingerprints and the line on record are named; the server saw no login."""
    before = len(sshd.log())
    record = sshd.known_hosts(f"[127.0.0.1]:{sshd.port} {other_key}")
    error = refusal(sshd.endpoint(known_hosts=(record,)))
    assert fingerprint_of(sshd.public("ed25519")) in error.what
    assert fingerprint_of(other_key) in error.what
    assert f"{record}:1" in error.what
    assert "ssh-keygen -R" in error.remedy
    wait_for(lambda: any(words in sshd.log()[before:] for words in CONNECTIONS_ENDED))
    assert "userauth-request" not in sshd.log()[before:]


def test_a_known_key_of_a_kind_that_the_server_lacks_is_a_change(sshd: Sshd, bastion: Sshd) -> None:
    """A server that offers only other kinds than the one on record is not let in by them."""
    record = sshd.known_hosts(f"[127.0.0.1]:{bastion.port} {sshd.public('rsa')}")
    error = refusal(bastion.endpoint(known_hosts=(record,)))
    assert fingerprint_of(bastion.public("ed25519")) in error.what
    assert fingerprint_of(sshd.public("rsa")) in error.what


def test_two_keys_of_a_kind_both_count(sshd: Sshd, other_key: str) -> None:
    """While a key is replaced, the old and the new one stand side by side."""
    lines = (f"[127.0.0.1]:{sshd.port} {other_key}", sshd.line("ed25519"))
    assert works(sshd.endpoint(known_hosts=(sshd.known_hosts(*lines),)))


def test_bad_lines_lose_nothing(sshd: Sshd, other_key: str) -> None:
    """@cert-authority, garbage and unknown markers cost their own line only, and are told as warnings."""
    record = sshd.known_hosts(
        f"@cert-authority * {other_key}",
        "this is not a line",
        f"[127.0.0.1]:{sshd.port} ssh-ed25519 !!!not-base64!!!",
        f"@strange * {other_key}",
        "",
        "# a comment",
        sshd.line("ed25519"),
    )
    link = connect(sshd.endpoint(known_hosts=(record,)))
    link.close()
    assert [warning.split(": ")[0] for warning in link.warnings] == [f"{record}:{n}" for n in (1, 2, 3, 4)]
    assert "@cert-authority" in link.warnings[0]


def test_a_certificate_authority_is_no_trust(sshd: Sshd) -> None:
    """The host's own key behind @cert-authority does not count, and the refusal says why."""
    record = sshd.known_hosts(f"@cert-authority {sshd.line('ed25519')}")
    assert "@cert-authority" in refusal(sshd.endpoint(known_hosts=(record,))).what


def test_a_revoked_key_is_refused_though_it_is_known(sshd: Sshd) -> None:
    """@revoked wins over every other line, in whatever file and order."""
    known, revoked = sshd.line("ed25519"), f"@revoked * {sshd.public('ed25519')}"
    for files in [(known, revoked), (revoked, known)]:
        error = refusal(sshd.endpoint(known_hosts=tuple(sshd.known_hosts(line) for line in files)))
        assert "@revoked" in error.what


@pytest.mark.parametrize("names", ["hashed", "list", "wildcard"])
def test_names_may_be_hashed_listed_or_patterns(sshd: Sshd, names: str) -> None:
    """All forms of names that ssh writes are understood."""
    name = f"[127.0.0.1]:{sshd.port}"
    written = {"hashed": hashed(name), "list": f"server,{name}", "wildcard": f"[127.0.0.?]:{sshd.port}"}[names]
    assert works(sshd.endpoint(known_hosts=(sshd.known_hosts(f"{written} {sshd.public('ed25519')}"),)))


@pytest.mark.parametrize("names", ["127.0.0.1", "[127.0.0.1]:1", "*,![127.0.0.1]:*", "hashed"])
def test_the_key_of_another_host_is_no_trust(sshd: Sshd, names: str) -> None:
    """Another port is another host, and a negated pattern says no."""
    written = hashed("127.0.0.1") if names == "hashed" else names
    refusal(sshd.endpoint(known_hosts=(sshd.known_hosts(f"{written} {sshd.public('ed25519')}"),)))


def test_the_scan_shows_what_can_be_stored(sshd: Sshd) -> None:
    """The scanned lines make a known_hosts file that works, with the fingerprints that ssh-keygen shows."""
    keys = scan_host_keys(sshd.endpoint(known_hosts=()))
    assert [key.kind for key in keys] == ["ssh-ed25519", "ssh-rsa"]
    for key, kind in zip(keys, ("ed25519", "rsa"), strict=True):
        shown = subprocess.run(
            ["ssh-keygen", "-lf", str(sshd.folder / f"host_{kind}.pub")],
            capture_output=True,
            text=True,
            check=True,
        )
        assert key.fingerprint == shown.stdout.split()[1]
        assert works(sshd.endpoint(known_hosts=(sshd.known_hosts(key.line),)))


def test_the_scan_of_nothing_is_unreachable(sshd: Sshd) -> None:
    """A port without a server is an error, not an empty list."""
    with pytest.raises(Unreachable, match="refused"):
        scan_host_keys(sshd.endpoint(port=1))


@pytest.fixture(scope="session")
def bastion(start_sshd: Callable[..., Sshd]) -> Sshd:
    return start_sshd(host_keys=("ed25519",))


class TestJumpHosts:
    """A jump host is reached by the same rules as a host."""

    def test_through_a_known_one(self, sshd: Sshd, bastion: Sshd) -> None:
        """The command runs on the host, over the jump host."""
        before = len(bastion.log())
        assert works(sshd.endpoint(jump=(bastion.endpoint(name="bastion"),)))
        assert "direct-tcpip" in bastion.log()[before:]

    def test_through_two(self, sshd: Sshd, bastion: Sshd) -> None:
        """Hops are travelled in the order of the list."""
        hops = (bastion.endpoint(name="first"), sshd.endpoint(name="second"))
        assert works(bastion.endpoint(jump=hops))

    def test_an_unknown_one_is_refused(self, sshd: Sshd, bastion: Sshd) -> None:
        """An unknown key of the jump host stops everything, and the jump host is the one that is named."""
        hop = bastion.endpoint(name="bastion", known_hosts=(sshd.known_hosts(sshd.line("ed25519")),))
        before = len(bastion.log())
        assert refusal(sshd.endpoint(jump=(hop,))).what.startswith("bastion ")
        assert "userauth-request" not in bastion.log()[before:]

    def test_the_host_behind_it_is_judged_too(self, sshd: Sshd, bastion: Sshd, other_key: str) -> None:
        """A jump host that leads to another machine is noticed."""
        record = sshd.known_hosts(f"[127.0.0.1]:{sshd.port} {other_key}")
        endpoint = sshd.endpoint(jump=(bastion.endpoint(name="bastion"),), known_hosts=(record,))
        assert refusal(endpoint).what.startswith("host-1 ")

    def test_a_host_that_it_cannot_reach(self, bastion: Sshd) -> None:
        """Nothing behind the jump host: unreachable, with a remedy."""
        with pytest.raises(Unreachable, match="jump host"):
            connect(bastion.endpoint(port=1, jump=(bastion.endpoint(name="bastion"),)))

    def test_from_ssh_config(self, sshd: Sshd, bastion: Sshd, tmp_path: Path) -> None:
        """ProxyJump is honoured, and its host's key is judged."""
        both = sshd.known_hosts(sshd.line("ed25519"), bastion.line("ed25519"))
        config = tmp_path / "config"
        config.write_text(
            f"Host 127.0.0.1\n  ProxyJump {sshd.user}@bastion\n"
            f"Host bastion\n  HostName 127.0.0.1\n  Port {bastion.port}\n  IdentityFile {bastion.key}\n"
            "Host *\n  ForwardAgent yes\n  ProxyCommand none\n"
        )
        # `Host 127.0.0.1` also speaks of the bastion's address, but the bastion is looked up by its own name
        before = len(bastion.log())
        assert works(sshd.endpoint(ssh_config=config, known_hosts=(both,)))
        assert "direct-tcpip" in bastion.log()[before:]
        error = refusal(sshd.endpoint(ssh_config=config))
        assert error.what.startswith("bastion ")

    @pytest.mark.parametrize("said", ["none", "NONE"])
    def test_proxyjump_none_is_no_jump(self, sshd: Sshd, tmp_path: Path, said: str) -> None:
        """`ProxyJump none` means straight, not a host of that name; so does a hop `none` in the inventory."""
        config = tmp_path / "config"
        config.write_text(f"Host 127.0.0.1\n  ProxyJump {said}\nHost *\n  ProxyJump nowhere.invalid\n")
        assert works(sshd.endpoint(ssh_config=config))
        config.write_text("Host *\n  ProxyJump nowhere.invalid\n")
        assert works(sshd.endpoint(ssh_config=config, jump=(Endpoint(name="none", address=said),)))

    def test_a_loop_is_refused(self, sshd: Sshd, tmp_path: Path) -> None:
        """Jump hosts that lead to each other end with an error, not never."""
        config = tmp_path / "config"
        config.write_text("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
        with pytest.raises(Exception, match="jump hosts"):
            connect(sshd.endpoint(address="a", ssh_config=config))
