"""A status page of our own: status.json, index.html and feed.xml in a folder that any web server can show.

Each file is written beside and renamed, the document last: it is what the next message starts from. What cannot be
read there is not overwritten: it may be a person's.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hummii_ops.inventory.status_pages import StaticPage
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note
from hummii_ops.telling.status_page.lifecycle import STAGES, Incident, Update, on_page
from hummii_ops.telling.status_page.pages import feed, page

SCHEMA = "hummii-ops/status-page/v1"


class OwnPage:
    """A folder with the page."""

    doubles = ()

    def __init__(self, settings: StaticPage, words: Words) -> None:
        self._folder, self._words = Path(settings.folder), words

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """Put the update on the page; one that is there already stays one."""
        update = update_of(note, self._words)
        if update is None:
            return "nothing to say"
        try:
            with self._alone():
                self._write(on_page(self._read(), note, update, ledger.memory))
        except OSError as error:
            raise Later(f"{self._folder}: {error.strerror}", arrived=False) from None
        return str(self._folder)

    def check(self) -> str:
        """Is the folder there, can it be written, and is what stands there ours?"""
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise Never(f"{self._folder} is not there, or cannot be written")
        return f"{self._folder} can be written; {len(self._read())} incidents stand there"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        fd = os.open(self._folder / ".status.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)  # held for milliseconds
            yield
        finally:
            os.close(fd)

    def _read(self) -> Sequence[Incident]:
        path = self._folder / "status.json"
        try:
            return incidents_of(path.read_text(encoding="utf-8", errors="replace"), str(path))
        except FileNotFoundError:
            return ()

    def _write(self, incidents: Sequence[Incident]) -> None:
        for name, text in files_of(self._words.service, incidents).items():
            _put(self._folder / name, text)


def update_of(note: Note, words: Words) -> Update | None:
    """A note as the page tells it; None where the public is not told."""
    said = words.of(note)
    if said is None:
        return None
    at, stage = note.at.isoformat(timespec="seconds"), STAGES.get(note.kind, "identified")
    return Update(id=note.id, at=at, stage=stage, title=said.title, text=said.text)


def incidents_of(text: str, path: str) -> tuple[Incident, ...]:
    """What status.json says; () for none. Raises Never for a file that is not ours."""
    if not text:
        return ()
    try:
        return tuple(Incident.from_json(one) for one in json.loads(text)["incidents"])
    except (ValueError, KeyError, TypeError):
        raise Never(f"{path} is not one of ours; move it away, and send again") from None


def files_of(service: str, incidents: Sequence[Incident]) -> dict[str, str]:
    """The files of the page, the document last."""
    document = {
        "schema": SCHEMA,
        "service": service,
        "ok": all(one.stage == "resolved" for one in incidents),
        "incidents": [one.as_json() for one in incidents],
    }
    return {
        "index.html": page(service, incidents),
        "feed.xml": feed(service, incidents),
        "status.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
    }


def _put(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
