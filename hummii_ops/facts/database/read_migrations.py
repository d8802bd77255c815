"""Ask a host which migrations images ship, and which the served database has recorded. One round trip.

Never starts an image, never changes the stack, and never takes silence for an answer: what is not known is None.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.resources import files
from io import BytesIO

from hummii_ops.errors import Unreachable
from hummii_ops.facts.database.backup import Migration
from hummii_ops.facts.frames import Frames, frames, sensible
from hummii_ops.facts.restore_points.image_refs import image_ref
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.transport.protocol import LinkLost, Transport
from hummii_ops.transport.text import printable

_LIMIT_S = 20  # the database is given 5 s; the rest is copying
_PARTS = ("backup.sh", "migrations.sh", "read_migrations.sh")
_END = bytes(1024)  # what every whole tar ends with
_MOST_BYTES = 17 << 20
_MOST_OTHERS = 12  # each costs the host three calls of docker
KEPT = "hummii-ops/keep"  # the name by which runs keep images that have lost their own


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
        """SQL by name, of every recorded migration that some image at hand ships as it was applied."""
        applied = {(one.name, one.sha256) for one in self.recorded or ()}
        return {
            name: image.texts[name]
            for image in self.shipped.values()
            if image is not None
            for name, digest in image.sha256.items()
            if (name, digest) in applied
        }


def unasked(why: str) -> Schema:
    """Nothing is known, and why."""
    return Schema(recorded=None, shipped={}, why=why)


def script() -> str:
    """What is asked."""
    room = files("hummii_ops.facts.database")
    return "".join(room.joinpath(name).read_text(encoding="utf-8") for name in _PARTS)


def read_migrations(transport: Transport, environment: Environment, image_ids: Iterable[str]) -> Schema:
    """The migrations of these images and of the served database. Never raises for a host: then nothing is known."""
    database = environment.database
    if database is None:
        return unasked(f"the inventory names no database for {environment.name}")
    wanted = sorted(set(image_ids))
    words = (environment.project, database.service, database.name, database.user, database.migrations_dir, *wanted)
    try:
        answer = transport.call(script(), *words, limit_s=_LIMIT_S).stdout
        return parse_migrations(answer, host_name=transport.name, image_ids=wanted)
    except (LinkLost, Unreachable):
        return unasked("the host did not answer in time")


def read_schema(transport: Transport, environment: Environment, snapshot: Snapshot, target_image: str | None) -> Schema:
    """What a rollback to this image asks: it, what runs, and the database.

    Where something is applied that neither of the two ships (an older rollback left it), the service's other images
    are asked too, in a second round trip: one of them has its text.
    """
    running = snapshot.service(environment.version_service)
    first = {one.image_id for one in running} | ({target_image} if target_image else set())
    found = read_migrations(transport, environment, first)
    applied = {one.name for one in found.recorded or () if not one.rolled_back}
    if applied <= {name for one in found.shipped.values() if one for name in one.texts}:
        return found
    wanted = {image_ref(one.image_ref).repository for one in running} | {KEPT}
    others = [
        one.id
        for one in sorted(snapshot.images, key=lambda one: str(one.created_at), reverse=True)
        if one.id not in first and wanted & {image_ref(tag).repository for tag in one.tags}
    ]
    more = read_migrations(transport, environment, others[:_MOST_OTHERS]) if others else found
    return replace(found, shipped={**more.shipped, **found.shipped})


@sensible
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
