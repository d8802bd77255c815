"""Whose host key is believed: one that is on record, one that somebody compared, and no other."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from hummii_ops.errors import HostKeyError, Unreachable
from hummii_ops.tasks.setup.trust import store, trusted
from hummii_ops.transport.hostkeys import HostKey, fingerprint, known_hosts_line


def a_key(kind: str, word: str, port: int = 2222) -> HostKey:
    blob = len(kind).to_bytes(4, "big") + kind.encode() + word.encode()
    return HostKey(kind=kind, fingerprint=fingerprint(blob), line=known_hosts_line("server.example", port, kind, blob))


ED, RSA = a_key("ssh-ed25519", "ours"), a_key("ssh-rsa", "ours too")


def ask(keys: list[HostKey], file: Path, said: str | None = None) -> list[HostKey]:
    return trusted(keys, (file,), host="server.example", fingerprint=said)


def test_without_a_terminal_nobody_is_believed(tmp_path: Path) -> None:
    """An unknown key and no fingerprint: refused, and the message says which key to compare."""
    with pytest.raises(HostKeyError) as raised:
        ask([ED, RSA], tmp_path / "known_hosts")
    assert ED.fingerprint in raised.value.remedy


def test_the_key_that_was_compared(tmp_path: Path) -> None:
    """Of several keys only the one whose fingerprint was said is stored: nobody vouched for the others."""
    assert ask([ED, RSA], tmp_path / "known_hosts", RSA.fingerprint) == [RSA]


def test_another_fingerprint(tmp_path: Path) -> None:
    """Both are named, also when a key is on record."""
    file = tmp_path / "known_hosts"
    file.write_text(ED.line + "\n")
    with pytest.raises(HostKeyError) as raised:
        ask([ED], file, "SHA256:other")
    assert "SHA256:other" in raised.value.what
    assert ED.fingerprint in raised.value.what


def test_a_known_key_needs_nothing(tmp_path: Path) -> None:
    """One of its keys is on record: nothing is asked and nothing new is stored."""
    file = tmp_path / "known_hosts"
    file.write_text(RSA.line + "\n")
    assert ask([ED, RSA], file) == []


@pytest.mark.parametrize("said", [None, ED.fingerprint])
def test_a_changed_key(tmp_path: Path, said: str | None) -> None:
    """Only another key is on record: refused, whatever fingerprint is said."""
    file = tmp_path / "known_hosts"
    file.write_text(a_key("ssh-ed25519", "old").line + "\n")
    with pytest.raises(HostKeyError, match="on record"):
        ask([ED], file, said)


def test_a_revoked_key(tmp_path: Path) -> None:
    """Never, whatever is said."""
    file = tmp_path / "known_hosts"
    file.write_text("@revoked " + ED.line + "\n")
    with pytest.raises(HostKeyError, match="revoked"):
        ask([ED], file, ED.fingerprint)


def test_a_server_without_keys(tmp_path: Path) -> None:
    """Something that offers no key that we know is no server to reach."""
    with pytest.raises(Unreachable):
        ask([], tmp_path / "known_hosts")


def test_storing(tmp_path: Path) -> None:
    """Comments and other lines stay, each line stands once, sorted; storing again changes nothing."""
    file = tmp_path / "known_hosts"
    other = f"z.example ssh-ed25519 {base64.b64encode(b'z').decode()}"
    file.write_text(f"{other}\n# ours\n{other}\n\n")
    store(file, [ED, RSA])
    text = file.read_text()
    assert text.splitlines() == ["# ours", *sorted([ED.line, RSA.line, other])]
    store(file, [ED])
    assert file.read_text() == text
    store(tmp_path / "none", [])
    assert not (tmp_path / "none").exists()
