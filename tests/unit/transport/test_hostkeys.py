"""known_hosts files: what is read, and what an offered key is against them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.transport.hostkeys import Standing, fingerprint, known_hosts_line, load_known_hosts

KIND = "ssh-ed25519"


def blob(seed: int, kind: str = KIND) -> bytes:
    return len(kind).to_bytes(4, "big") + kind.encode() + bytes([seed]) * 32


def text(seed: int, kind: str = KIND) -> str:
    return f"{kind} {base64.b64encode(blob(seed, kind)).decode()}"


@pytest.mark.parametrize(
    ("names", "address", "port", "standing"),
    [
        ("host", "host", 22, Standing.KNOWN),
        ("HOST", "Host", 22, Standing.KNOWN),
        ("[host]:2222", "host", 2222, Standing.KNOWN),
        ("host", "host", 2222, Standing.UNKNOWN),
        ("[host]:2222", "host", 22, Standing.UNKNOWN),
        ("::1", "::1", 22, Standing.KNOWN),
        ("[::1]:2222", "::1", 2222, Standing.KNOWN),
        ("a,host,b", "host", 22, Standing.KNOWN),
        ("*.example.com", "www.example.com", 22, Standing.KNOWN),
        ("*.example.com", "example.com", 22, Standing.UNKNOWN),
        ("h?st", "host", 22, Standing.KNOWN),
        ("*,!host", "host", 22, Standing.UNKNOWN),
        ("[h]ost", "host", 22, Standing.UNKNOWN),
        ("|1|broken", "host", 22, Standing.UNKNOWN),
        ("|1|!!|!!", "host", 22, Standing.UNKNOWN),
    ],
)
def test_names(tmp_path: Path, names: str, address: str, port: int, standing: Standing) -> None:
    """A line speaks of the hosts that ssh would say it speaks of."""
    (tmp_path / "k").write_text(f"{names} {text(1)} a comment\n")
    assert load_known_hosts([tmp_path / "k"]).standing(address, port, blob(1)) is standing


def test_another_key_is_a_change_and_revoked_wins(tmp_path: Path) -> None:
    """Something on record that is not it: changed. @revoked is stronger than known, unknown and changed."""
    (tmp_path / "k").write_text(f"host {text(1)}\n@revoked host {text(2)}\n@revoked other {text(1)}\n")
    known = load_known_hosts([tmp_path / "k"])
    assert known.standing("host", 22, blob(1)) is Standing.KNOWN
    assert known.standing("host", 22, blob(2)) is Standing.REVOKED
    assert known.standing("host", 22, blob(3)) is Standing.CHANGED
    assert known.standing("other", 22, blob(1)) is Standing.REVOKED
    assert known.standing("other", 22, blob(2)) is Standing.UNKNOWN
    assert known.of("other", 22) == ()


def test_a_line_that_lies_is_skipped(tmp_path: Path) -> None:
    """The kind is inside the key too; a line in which they differ, or without a key, is worth nothing."""
    (tmp_path / "k").write_text(f"host {text(1).replace(KIND, 'ssh-rsa', 1)}\nhost {KIND} caf\u00e9\n")
    known = load_known_hosts([tmp_path / "k"])
    assert (known.keys, len(known.warnings)) == ((), 2)


def test_files_add_up_and_may_be_missing(tmp_path: Path) -> None:
    """A missing file is nothing; a folder in its place is a warning."""
    (tmp_path / "a").write_bytes(f"host {text(1)}\r\n".encode())
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00 garbage\n" + f"host {text(2)}".encode())
    known = load_known_hosts([tmp_path / "none", tmp_path / "a", tmp_path / "b", tmp_path])
    assert [key.where for key in known.keys] == [f"{tmp_path}/a:1", f"{tmp_path}/b:2"]
    assert len(known.warnings) == 2


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")), max_size=6))
def test_no_line_loses_the_rest(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    """Whatever stands before and after it, a good line counts."""
    path = tmp_path_factory.mktemp("k") / "k"
    path.write_text("\n".join([*lines, f"host {text(1)}", *lines]), errors="replace")
    assert load_known_hosts([path]).standing("host", 22, blob(1)) in (Standing.KNOWN, Standing.REVOKED)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """A line that we make is one that we know, for any port and address family."""
    for address, port in [("host", 22), ("host", 2222), ("::1", 22), ("::1", 2222)]:
        (tmp_path / "k").write_text(known_hosts_line(address, port, KIND, blob(1)))
        known = load_known_hosts([tmp_path / "k"])
        assert known.standing(address, port, blob(1)) is Standing.KNOWN


def test_fingerprints_are_those_of_ssh() -> None:
    """SHA-256 of the key in base64 without padding."""
    assert fingerprint(b"") == "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
