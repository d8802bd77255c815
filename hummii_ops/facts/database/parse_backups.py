"""An answer of backups.sh → Backups, or the Contents of one backup: pure, and tolerant of what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from hummii_ops.facts.database.archive_header import archive_header
from hummii_ops.facts.database.backup import Backup, Backups, Contents, Lies, Manifest, Migration, ServedDatabase
from hummii_ops.facts.database.magic import recognise
from hummii_ops.facts.frames import Frames, frames, sensible
from hummii_ops.facts.name_times import time_in_name
from hummii_ops.facts.reading.parse_claims import epoch_ms
from hummii_ops.facts.timestamps import host_zone
from hummii_ops.transport.text import printable

MANIFEST_SCHEMA = "hummii-ops/backup/v1"
_LIES: dict[str, Lies] = {
    "file": "file",
    "folder": "folder",
    "special": "special",
    "outside": "outside",
    "unreadable": "unreadable",
}
_DIGITS = 18  # more is no size of anything
_SHA256 = re.compile(r"\\?([0-9a-f]{64})(?:\s|\Z)")


@sensible
def parse_backups(answer: bytes, *, host_name: str, folder: str, database: str) -> Backups:
    """Read an answer of `list`. Unreachable if it is not whole."""
    said = frames(answer, host=host_name)
    read_at, zone = _clock(said)
    served = _served(said, database)
    return Backups(
        host_name=host_name,
        read_at=read_at,
        folder=folder,
        folder_exists=bool(said.all("folder")),
        backups=tuple(_backups(said, zone)),
        served=served,
        error="" if served else _why_not_served(said),
    )


@sensible
def parse_contents(answer: bytes, *, host_name: str) -> Contents | None:
    """Read an answer of `look`; None if no container could read it. Unreachable if the answer is not whole."""
    said = frames(answer, host=host_name)
    if not said.all("content"):
        return None
    facts: dict[str, list[str]] = {}
    for line in said.one("content").data.decode(errors="replace").splitlines():
        word, _, rest = line.partition(" ")
        facts.setdefault(word, []).append(rest)
    sequences = (line.split(" ", 2) for line in facts.get("sequence", ()))
    code = (facts.get("code") or [""])[-1]
    return Contents(
        sha256=said.one("sum").text.strip(),
        wrap_is_whole=said.one("wrap").exit_code == 0,
        exit_code=int(code) if code.isdecimal() else None,
        complete="complete" in facts,
        crlf="crlf" in facts,
        cut=(facts.get("cut") or [""])[0],
        server_version=(facts.get("from") or [""])[0],
        tables="tables" in facts,
        inserts="inserts" in facts,
        rows=_counts(facts.get("rows", ())),
        roles=frozenset(_name(one) for line in facts.get("role", ()) for one in line.split(", ")) - {"PUBLIC"},
        extensions=frozenset(_name(one) for one in facts.get("extension", ())),
        migrations=tuple(sorted(facts.get("migration", ()))),
        failed_migrations=tuple(sorted(facts.get("failed", ()))),
        forbidden=tuple(printable(one) for one in facts.get("forbidden", ())),
        said=printable(" / ".join(facts.get("said", ()))).strip(" /"),
        objects=_counts(facts.get("objects", ())),
        sequences={one[2]: f"{one[0]} {one[1]}" for one in sequences if len(one) == 3},
    )


def parse_manifest(text: str) -> Manifest | None:
    """Key=value lines, `rows=N TABLE` and `migration=NAME` one each; None if it is not one of ours."""
    lines = [line.partition("=") for line in text.splitlines()]
    one = {key: value for key, _, value in lines}
    if one.get("schema") != MANIFEST_SCHEMA or not _SHA256.match(one.get("sha256", "")):
        return None
    if len(one.get("size", "")) > _DIGITS:
        return None
    return Manifest(
        database=one.get("database", ""),
        run=one.get("run", ""),
        sha256=one["sha256"],
        size_bytes=int(one["size"]) if one.get("size", "").isdecimal() else None,
        release=one.get("release", ""),
        server_version=one.get("from", ""),
        dump_version=one.get("by", ""),
        started_at=epoch_ms(one.get("started", "")),
        ended_at=epoch_ms(one.get("ended", "")),
        migrations=tuple(sorted(value for key, _, value in lines if key == "migration")),
        rows=_counts(value for key, _, value in lines if key == "rows"),
    )


def _counts(lines: Iterable[str]) -> dict[str, int]:
    """Lines `N NAME` as counts by name. A name may come twice: rows of partitions, each loaded by way of their top."""
    counts: dict[str, int] = {}
    for count, _, name in (line.partition(" ") for line in lines):
        if name and count.isdecimal() and len(count) <= _DIGITS:
            counts[name] = counts.get(name, 0) + int(count)
    return counts


def _backups(said: Frames, zone: tzinfo) -> list[Backup]:
    sections = [said.all(name) for name in ("entry", "head", "inner", "sidecar", "manifest")]
    found = []
    for entry, head, inner, sidecar, manifest in zip(*sections, strict=False):
        is_, size, changed, path = (*entry.text.rstrip("\n").split("\n", 3), "", "", "", "")[:4]
        header = archive_header(inner.data or head.data)
        at, note = time_in_name(path.rsplit("/", 1)[-1], zone=zone)
        if at is None and header is not None and header.made_at is not None:
            at, note = header.made_at, f"{note}; this is its header's, taken for UTC"
        beside = _SHA256.match(sidecar.text)
        found.append(
            Backup(
                path=path,
                lies=_LIES.get(is_, "nothing"),
                size_bytes=int(size) if size.isdecimal() else 0,
                changed_at=datetime.fromtimestamp(int(changed), UTC) if changed.isdecimal() else None,
                at=at,
                at_note=note,
                recognised=recognise(head.data, inner.data, folder=is_ == "folder"),
                header=header,
                sha256=beside[1] if beside else None,
                manifest=parse_manifest(manifest.text),
            )
        )
    return sorted(found, key=lambda one: (one.at or datetime.fromtimestamp(0, UTC), one.name), reverse=True)


def _served(said: Frames, database: str) -> ServedDatabase | None:
    rows = [line.split("\x1f") for line in said.one("served").data.decode(errors="replace").split("\0")]
    named: dict[str, list[list[str]]] = {}
    for first, *rest in rows:
        named.setdefault(first, []).append(rest)
    version = (named.get("version") or [[""]])[0][0]
    if not version.isdecimal():
        return None
    return ServedDatabase(
        container=said.one("container").text.strip(),
        name=database,
        server_version_num=int(version),
        size_bytes=int((named.get("size") or [["0"]])[0][0]),
        roles=frozenset(one[0] for one in named.get("role", ()) if one),
        extensions=frozenset(one[0] for one in named.get("extension", ()) if one),
        migrations=tuple(
            Migration(name=one[0], finished=one[1] == "t", rolled_back=one[2] == "t", sha256=one[3])
            for one in named.get("migration", ())
            if len(one) == 4
        ),
    )


def _why_not_served(said: Frames) -> str:
    if not said.one("container").text.strip():
        return "PostgreSQL's container does not run"
    lines = printable(said.one("served").text).strip().splitlines()
    return f"the database does not answer: {lines[-1] if lines else 'no words'}"


def _clock(said: Frames) -> tuple[datetime, tzinfo]:
    first, zone, *_ = (*said.one("clock").text.splitlines(), "", "")
    millis, _, offset = first.partition(" ")
    read_at = epoch_ms(millis) or datetime.fromtimestamp(0, UTC)
    matched = re.fullmatch(r"([+-])(\d\d)(\d\d)", offset)
    seconds = (int(matched[2]) * 3600 + int(matched[3]) * 60) * (-1 if matched[1] == "-" else 1) if matched else 0
    return read_at, host_zone(zone or None, offset_s=seconds, at=read_at)


def _name(identifier: str) -> str:
    """The name without SQL's own quotes: two of them inside mean one."""
    if len(identifier) > 1 and identifier[0] == identifier[-1] == '"':
        return identifier[1:-1].replace('""', '"')
    return identifier
