"""Private keys on this machine, looked at only to say why a login failed. Never asks for a passphrase."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

_OPENSSH = b"openssh-key-v1\0"


def is_file(path: Path) -> bool:
    """Is it there? A name that cannot be one, as of 300 characters, is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def encrypted(files: Iterable[str]) -> list[str]:
    """Those of the key files that a passphrase protects."""
    return [file for file in files if _is_encrypted(Path(file))]


def _is_encrypted(path: Path) -> bool:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return False
    if "ENCRYPTED" in text:  # PEM says it in a header or in its first line
        return True
    try:
        blob = base64.b64decode("".join(line for line in text.splitlines() if not line.startswith("-")))
    except ValueError:
        return False
    # PROTOCOL.key of OpenSSH: the magic, then the cipher's name; "none" is no passphrase
    return blob.startswith(_OPENSSH) and not blob[len(_OPENSSH) + 4 :].startswith(b"none")
