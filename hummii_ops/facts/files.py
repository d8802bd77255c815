"""The files of a stack and its restore points, as they lie on a host. Of env files never a secret: names alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class FileFact:
    """An env file or another file of a release; `path` as the inventory names it.

    sha256 None: not readable. `names` are its variables; `values` has only those that an `image:` line
    interpolates, unquoted.
    """

    path: str
    kind: Literal["env", "file"]
    exists: bool
    sha256: str | None = None
    mode: str = ""
    owner: str = ""
    size_bytes: int = 0
    names: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class ComposeFact:
    """The compose file on disk. `config_hashes` None: Compose refused it, and `config_error` says why.

    `replicas`: how many it asks for, where it says so; None: not known.
    """

    path: str
    content: str | None
    sha256: str | None
    config_hashes: Mapping[str, frozenset[str]] | None = None
    config_error: str | None = None
    replicas: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class RecordFact:
    """What lies in a backup's .release folder: record.json, and the sha256 of each file under files/."""

    text: str | None
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class BackupFact:
    """One entry of backups_dir that is named as a backup.

    `content` None: not a file, not readable, or larger than 256 KiB.
    """

    name: str
    path: str
    kind: Literal["file", "directory", "symlink", "other"]
    size_bytes: int = 0
    sha256: str | None = None
    content: str | None = field(default=None, repr=False)
    record: RecordFact | None = None
