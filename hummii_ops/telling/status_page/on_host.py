"""The status page of our own, in a folder on one of the hosts, where the stack's web server shows it.

What was read is what is written over: if somebody else told something in between, it is read and made anew.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from hashlib import sha256
from importlib.resources import files

from hummii_ops.checks.client.deadline import TimeUp, within
from hummii_ops.errors import HummiiError, Unreachable
from hummii_ops.inventory.status_pages import StaticPageOnHost
from hummii_ops.run.entry import heredoc
from hummii_ops.run.ship import pack
from hummii_ops.telling.channels.channel import Later, Never, Words
from hummii_ops.telling.ledger import Ledger
from hummii_ops.telling.outbox import Note
from hummii_ops.telling.status_page.lifecycle import Incident, on_page
from hummii_ops.telling.status_page.static import files_of, incidents_of, update_of
from hummii_ops.transport import LinkLost, Result, Transport

_NO_FOLDER, _CHANGED = 66, 73
_TRIES, _PAUSE_S = 8, 0.1


class PageOnHost:
    """A folder with the page. `connect` makes a link to its host."""

    doubles = ()

    def __init__(
        self, settings: StaticPageOnHost, words: Words, connect: Callable[[], Transport], *, limit_s: float
    ) -> None:
        self._folder, self._host, self._words = settings.folder, settings.host, words
        self._connect, self._limit_s = connect, limit_s

    def send(self, note: Note, ledger: Ledger, *, again: bool) -> str:
        """Put the update on the page; one that is there already stays one."""
        update = update_of(note, self._words)
        if update is None:
            return "nothing to say"

        def put(host: Transport) -> str:
            for number in range(_TRIES):
                time.sleep(random.uniform(0, _PAUSE_S * number))  # noqa: S311  # of two that meet, one comes first the next time
                text, before = self._read(host)
                if self._write(host, text, on_page(before, note, update, ledger.memory)):
                    return f"{self._host}:{self._folder}"
            raise Later(f"{self._host}: somebody else writes {self._folder} all the time", arrived=False)

        return self._linked(put)

    def check(self) -> str:
        """Is the folder there, can it be written, and is what stands there ours?"""

        def look(host: Transport) -> str:
            _, found = self._read(host)
            return f"{self._folder} on {self._host} can be written; {len(found)} incidents stand there"

        return self._linked(look)

    def _linked(self, work: Callable[[Transport], str]) -> str:
        def linked() -> str:
            with closing(self._connect()) as host:
                return work(host)

        try:
            return within(self._limit_s, linked)
        except TimeUp:
            raise Later(f"{self._host}: no end within {self._limit_s:g} s") from None
        except (LinkLost, Unreachable) as error:
            raise Later(f"{self._host}: {error}".splitlines()[0]) from None
        except HummiiError as error:
            raise Never(error.what) from None

    def _read(self, host: Transport) -> tuple[bytes, tuple[Incident, ...]]:
        text = self._call(host, "", "read", self._folder).stdout
        return text, incidents_of(text.decode(errors="replace"), f"{self._folder}/status.json on {self._host}")

    def _write(self, host: Transport, before: bytes, incidents: tuple[Incident, ...]) -> bool:
        expected = sha256(before).hexdigest() if before else "none"
        payload = pack(files_of(self._words.service, incidents))
        return self._call(host, payload, "write", self._folder, expected).exit_code != _CHANGED

    def _call(self, host: Transport, payload: str, *words: str) -> Result:
        result = host.call(f"{heredoc('payload', payload)}\n{_script()}", *words, limit_s=self._limit_s)
        if result.exit_code == _NO_FOLDER:
            raise Never(f"{self._folder} is not there on {self._host}, or cannot be written")
        if result.exit_code not in (0, _CHANGED):
            raise Later(f"{self._host}: {self._folder} could not be written ({result.exit_code})")
        return result


@cache
def _script() -> str:
    return files("hummii_ops.telling.status_page").joinpath("on_host.sh").read_text(encoding="utf-8")
