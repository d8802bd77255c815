"""Which backup a text means: a path, a name, a timestamp, or `latest`. A pure function of what was read."""

from __future__ import annotations

import re
from datetime import UTC

from hummii_ops.errors import Refused, UsageError
from hummii_ops.facts.database.backup import Backup, Backups
from hummii_ops.facts.timestamps import Unreadable, parse_timestamp

LATEST = "latest"
_TIME = re.compile(r"\d[\dTZ:_.+-]{7,}", re.ASCII)
_LIST = "see them: fab backups-db"


def checked(text: str) -> str:
    """The text, if it can mean a backup at all; raises UsageError."""
    if not text or len(text) > 4096 or any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise UsageError("--backup is a path, a name, a timestamp or latest", remedy=_LIST)
    return text


def candidates(found: Backups, text: str) -> tuple[Backup, ...]:
    """The one backup that a text means; for `latest` all, newest first, to be tried in turn. Raises Refused."""
    checked(text)
    if not found.backups:
        raise Refused(
            f"{found.host_name}: there is no backup in {found.folder}", remedy='make one: fab backup-db --reason="…"'
        )
    if text == LATEST:
        return tuple(one for one in found.backups if one.at is not None) or found.backups
    meant = _by_path(found, text) or _by_time(found, text)
    if not meant:
        if text.startswith("/"):
            raise Refused(
                f"{found.host_name}: {text} is not a backup in {found.folder}",
                remedy="bring it into that folder first; " + _LIST,
            )
        raise Refused(f"{found.host_name}: there is no backup {text!r} in {found.folder}", remedy=_LIST)
    if len(meant) > 1:
        names = ", ".join(one.name for one in meant[:5])
        raise Refused(f"{found.host_name}: {text!r} may mean {names}", remedy="say one of these names")
    return (meant[0],)


def _by_path(found: Backups, text: str) -> list[Backup]:
    """As it is listed: by its whole path, or by its path from the project, or by its name."""
    text = text.rstrip("/")
    return [
        one for one in found.backups if text in (one.path, one.name) or (one.path.endswith(f"/{text}") and "/" in text)
    ]


def _by_time(found: Backups, text: str) -> list[Backup]:
    """By its time as it stands in the name, or as the same moment written otherwise."""
    if not _TIME.fullmatch(text):
        return []
    named = [one for one in found.backups if text in one.name]
    try:
        moment = parse_timestamp(text, zone=UTC).at
    except Unreadable:
        return named
    return named or [one for one in found.backups if one.at == moment]
