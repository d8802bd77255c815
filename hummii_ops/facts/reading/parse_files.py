"""Compose file, env files, further files and backups out of a read.

Never keeps an env file's text, and of its values only those that an image's name needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from hummii_ops.facts.archive import Entry, Kept, digests, entries
from hummii_ops.facts.frames import Frames
from hummii_ops.facts.snapshot import BackupFact, DiskFact, FileFact, ProjectDir, RecordFact
from hummii_ops.inventory import Environment

RECORD = ".release"


def files(frames: Frames, environment: Environment) -> tuple[FileFact, ...]:
    """The env files and further files of the inventory, in its order, those that do not exist too."""
    seen, sums = entries(frames.one("stat").text), digests(frames.one("sums").text)
    names, values = variables(frames.one("variables").text)
    kinds: list[tuple[str, Literal["env", "file"]]] = [
        *((path, "env") for path in environment.env_files),
        *((path, "file") for path in environment.files),
    ]
    found = []
    for path, kind in kinds:
        absolute = f"{environment.project_dir}/{path}"
        entry = seen.get(absolute)
        found.append(
            FileFact(
                path=path,
                kind=kind,
                exists=entry is not None,
                sha256=sums.get(absolute),
                mode=entry.mode if entry else "",
                owner=entry.owner if entry else "",
                size_bytes=entry.size_bytes if entry else 0,
                names=names.get(absolute, ()),
                values=values.get(absolute, {}),
            )
        )
    return tuple(found)


def variables(text: str) -> tuple[dict[str, tuple[str, ...]], dict[str, dict[str, str]]]:
    """Names by file, and the few values by file: `name NAME FILE`, `value NAME FILE<tab>VALUE`."""
    names: dict[str, tuple[str, ...]] = {}
    values: dict[str, dict[str, str]] = {}
    for line in text.split("\n"):
        word, _, rest = line.partition(" ")
        name, _, place = rest.partition(" ")
        path, tab, value = place.partition("\t")
        if word == "name" and name not in names.get(path, ()):
            names[path] = (*names.get(path, ()), name)
        elif word == "value" and tab:
            values.setdefault(path, {})[name] = unquoted(value)
    return names, values


def unquoted(value: str) -> str:
    """A value as an env file's reader takes it: quotes off, a comment after a space off."""
    value = value.strip()
    for quote in "\"'":
        if value.startswith(quote) and (end := value.find(quote, 1)) > 0:
            return value[1:end]
    return value.split(" #")[0].rstrip() if not value.startswith("#") else ""


def backups(frames: Frames, kept: Mapping[str, Kept]) -> tuple[BackupFact, ...]:
    """Every entry named as a backup; a `.release` folder belongs to the backup whose name it bears."""
    seen, sums = entries(frames.one("backups").text), digests(frames.one("sums").text)
    folders = {path for path, one in seen.items() if one.kind == "directory" and path.endswith(RECORD)}
    return tuple(
        _backup(one, kept, _record(path + RECORD, kept, sums) if path + RECORD in folders else None)
        for path, one in sorted(seen.items())
        if path not in folders
    )


def _backup(entry: Entry, kept: Mapping[str, Kept], record: RecordFact | None) -> BackupFact:
    kinds: dict[str, Literal["file", "directory", "symlink"]] = {
        "regular file": "file",
        "regular empty file": "file",
        "directory": "directory",
        "symbolic link": "symlink",
    }
    file = kept.get(entry.path)
    return BackupFact(
        name=_safe(entry.path.rpartition("/")[2]),
        path=_safe(entry.path),
        kind=kinds.get(entry.kind, "other"),
        size_bytes=entry.size_bytes,
        sha256=file.sha256 if file else None,
        content=file.text if file else None,
        record=record,
    )


def _safe(name: str) -> str:
    """A name that can be printed as UTF-8: bytes that are none become a replacement character."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _record(folder: str, kept: Mapping[str, Kept], sums: Mapping[str, str]) -> RecordFact:
    text = kept.get(f"{folder}/record.json")
    inside = f"{folder}/files/"
    return RecordFact(
        text=text.text if text else None,
        files={path.removeprefix(inside): one for path, one in sums.items() if path.startswith(inside)},
    )


def project_dir(frames: Frames, environment: Environment) -> ProjectDir:
    """The project's folder, and whether we may write where we must."""
    entry = entries(frames.one("stat").text).get(environment.project_dir)
    said = (*frames.one("writable").text.split(), "-", "-", "-")
    top, state, backup = (word == "w" for word in said[:3])
    return ProjectDir(
        path=environment.project_dir,
        exists=entry is not None,
        writable=top,
        state_writable=state or (said[1] == "-" and top),
        backups_writable=backup or (said[2] == "-" and top),
        owner=entry.owner if entry else "",
        group=entry.group if entry else "",
        mode=entry.mode if entry else "",
    )


def disks(frames: Frames) -> tuple[DiskFact, ...]:
    """`df --output=source,size,avail,itotal,iavail,file`, in the order of asking."""
    found = []
    for line in frames.one("disk").text.splitlines()[1:]:
        parts = line.split(None, 5)
        if len(parts) == 6:
            total, free, inodes, free_inodes = (int(one) if one.isdecimal() else 0 for one in parts[1:5])
            found.append(
                DiskFact(
                    path=parts[5],
                    device=parts[0],
                    total_bytes=total,
                    free_bytes=free,
                    total_inodes=inodes,
                    free_inodes=free_inodes,
                )
            )
    return tuple(found)
