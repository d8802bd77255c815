"""Ask a host which migrations images ship, and which the served database has recorded. One round trip.

Never starts an image, never changes the stack, and never takes silence for an answer: what is not known is None.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from io import BytesIO

from hummii_ops.errors import Unreachable
from hummii_ops.facts.backup import Migration
from hummii_ops.facts.frames import Frames, frames
from hummii_ops.inventory import Environment
from hummii_ops.transport.protocol import LinkLost, Transport
from hummii_ops.transport.text import printable

_LIMIT_S = 20  # the database is given 5 s; the rest is copying
_PARTS = ("backup.sh", "migrations.sh", "read_migrations.sh")
_END = bytes(1024)  # what every whole tar ends with
_MOST_BYTES = 17 << 20


@dataclass(frozen=True, kw_only=True)
class ImageMigrations:
    """What an image has in its migrations folder, by name: the text of each migration.sql, and its sha256."""

    texts: Mapping[str, str] = field(repr=False)
    sha256: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Schema:
    """One answer. `recorded` None: `why` says in words why the database did not tell.

    `shipped` by image id; None: that image is not here, or has no such folder.
    """

    recorded: tuple[Migration, ...] | None
    shipped: Mapping[str, ImageMigrations | None]
    why: str = ""

    def texts(self) -> dict[str, str]:
        """SQL by name, of every migration that some image at hand ships."""
        return {name: text for one in self.shipped.values() if one for name, text in one.texts.items()}


def unasked(why: str) -> Schema:
    """Nothing is known, and why."""
    return Schema(recorded=None, shipped={}, why=why)


def read_migrations(transport: Transport, environment: Environment, image_ids: Iterable[str]) -> Schema:
    """The migrations of these images and of the served database. Never raises for a host: then nothing is known."""
    database = environment.database
    if database is None:
        return unasked(f"the inventory names no database for {environment.name}")
    room = files("hummii_ops.facts")
    script = "".join(room.joinpath(name).read_text(encoding="utf-8") for name in _PARTS)
    wanted = sorted(set(image_ids))
    words = (environment.project, database.service, database.name, database.user, database.migrations_dir, *wanted)
    try:
        answer = transport.call(script, *words, limit_s=_LIMIT_S).stdout
        return parse_migrations(answer, host_name=transport.name, image_ids=wanted)
    except (LinkLost, Unreachable):
        return unasked("the host did not answer in time")


def parse_migrations(answer: bytes, *, host_name: str, image_ids: Iterable[str]) -> Schema:
    """An answer of read_migrations.sh. Unreachable if it is not whole."""
    said = frames(answer, host=host_name)
    found = dict(_shipped(said))
    rows = said.one("recorded")
    recorded = tuple(_recorded(rows.text)) if rows.exit_code == 0 else None
    return Schema(
        recorded=recorded,
        shipped={image: found.get(image) for image in image_ids},
        why="" if recorded is not None else _why(rows.text),
    )


def _recorded(text: str) -> Iterator[Migration]:
    for line in text.split("\x1e"):
        fields = line.rstrip("\n").split("\x1f")
        if len(fields) == 4:
            name, finished, rolled_back, digest = fields
            name = name.rpartition("\n")[2]  # psql's own warnings stand before the first row
            yield Migration(name=name, finished=finished == "t", rolled_back=rolled_back == "t", sha256=digest)


def _why(words: str) -> str:
    lines = [printable(line) for line in words.strip().splitlines()]
    if "PostgreSQL's container does not run" in lines:
        return lines[0]
    if any("_prisma_migrations" in line and "does not exist" in line for line in lines):
        return "the database has no list of migrations (_prisma_migrations)"
    telling = [line for line in lines if "ERROR" in line or "FATAL" in line or "rror:" in line] or lines[-1:]
    return f"the database does not answer: {telling[0][:200]}" if telling else "the database does not answer"


def _shipped(said: Frames) -> Iterator[tuple[str, ImageMigrations | None]]:
    for frame in said.all("shipped"):
        image, _, packed = frame.data.partition(b"\n")
        yield image.decode(errors="replace"), _unpacked(packed)


def _unpacked(packed: bytes) -> ImageMigrations | None:
    """The migrations in a gzipped tar; None if it is none, or is not whole."""
    try:
        with gzip.open(BytesIO(packed)) as stream:
            raw = stream.read(_MOST_BYTES)
        if not raw.endswith(_END):
            return None
        with tarfile.open(fileobj=BytesIO(raw)) as tar:
            found = dict(_scripts(tar))
    except (OSError, EOFError, zlib.error, tarfile.TarError):
        return None
    return ImageMigrations(
        texts={name: data.decode(errors="replace") for name, data in found.items()},
        sha256={name: sha256(data).hexdigest() for name, data in found.items()},
    )


def _scripts(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each FOLDER/NAME/migration.sql."""
    for member in tar:
        parts = member.name.strip("/").split("/")
        if len(parts) == 3 and parts[2] == "migration.sql" and member.isfile():
            file = tar.extractfile(member)
            if file is not None:
                yield parts[1], file.read()
