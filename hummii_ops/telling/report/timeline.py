"""What happened, in its order, with a link to the evidence of each line; people's notes among it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hummii_ops.events import Event
from hummii_ops.run.kept import NOTES, SCENARIO, Kept, KeptHost
from hummii_ops.telling.report import samples, times
from hummii_ops.telling.report.messages import sentence
from hummii_ops.telling.report.wording import told

_RUN = {
    "begin": "the host took the run up",
    "resumed": "the run was taken up again",
    "back": "the way back begins",
    "cancelled": "it was cancelled: the way back begins",
    "interrupted": "the run was interrupted on the host",
    "done": "the run is done: all that it had to prove is proven",
    "restored": "the state from before is back, and proven",
    "prepared": "all is prepared",
    "refused": "the host refused; nothing was changed",
    "abandoned": "the run was given up as it stood",
    "mixed": "the way back failed as well: the state is mixed",
}
_STEP = {"done": "done", "skipped": "already so", "failed": "failed", "again": "was done once more", "start": "began"}


def timeline(kept: Kept, people: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """By time. A host whose clock was set back keeps the order of its own journal. `people`: what they were told."""
    shift = timedelta(seconds=times.clock(kept.hosts[0]).shift_s)
    entries = list(_asked(kept, shift))  # first, also where a shifted clock makes it the same moment
    entries += [entry for host in kept.hosts for entry in _of_host(host)]
    entries += _notes(kept, shift)
    entries += _scenario(kept, shift)
    entries += _told(people, shift)
    return [entry | {"at": at.isoformat()} for at, entry in sorted(entries, key=lambda pair: pair[0])]


Timed = tuple[datetime, dict[str, Any]]


def _entry(source: str, host: str | None, words: str, file: str, line: int | None = None) -> dict[str, Any]:
    evidence = {"file": f"{host}/{file}" if host else file, "line": line}
    return {"at": "", "source": source, "host": host, "words": told(words), "evidence": evidence}


def _asked(kept: Kept, shift: timedelta) -> Iterator[Timed]:
    asked, about = times.asked_at(kept.about), kept.about
    if asked is not None:
        words = (
            f"{about.get('who', 'someone')} asked for {about.get('task', 'it')}: {about.get('reason') or 'no reason'}"
        )
        yield asked + shift, _entry("run", None, words, f"{kept.hosts[0].name}/about")


def _notes(kept: Kept, shift: timedelta) -> Iterator[Timed]:
    for number, note in enumerate(kept.notes, 1):
        at = times.said_at(note)
        if at is not None:
            moment = f"{note['moment']}: " if note.get("moment") else ""
            words = f"{moment}{note.get('text', '')} ({note.get('who', 'someone')})"
            yield at + shift, _entry("note", None, words, NOTES, number)


def _scenario(kept: Kept, shift: timedelta) -> Iterator[Timed]:
    """The stages of the procedure's page that this run was a part of, each when it ended."""
    said = kept.scenario or {}
    for stage in said.get("stages") or ():
        at = times.said_at(stage) if isinstance(stage, dict) else None
        if at is not None:
            found = "; ".join(str(one) for one in (stage.get("found") or ())[:3])
            words = f"{said.get('title', 'scenario')}: {stage.get('title')}: {stage.get('verdict')}: {found}"
            yield at + shift, _entry("scenario", None, words, SCENARIO)


def _told(people: Sequence[Mapping[str, Any]], shift: timedelta) -> Iterator[Timed]:
    for message in people:
        number = str(message["id"]).rpartition(".")[2]
        at = datetime.fromisoformat(message["at"]).astimezone(UTC)
        yield at + shift, _entry("told", None, sentence(message), "outbox.jsonl", int(number))


def _of_host(host: KeptHost) -> Iterator[Timed]:
    ended = {(event.list, event.step) for event in host.events if event.kind in ("done", "failed")}
    began: dict[tuple[str, str], datetime] = {}
    results = {(one.list, one.id): one.reason for one in host.outcome.steps}
    latest = datetime.min.replace(tzinfo=UTC)
    for event, line in zip(host.events, host.lines, strict=True):
        latest, key = max(latest, event.at), (event.list, event.step)
        if event.kind == "start":
            began[key] = event.at
        if event.kind == "start" and key in ended:
            continue  # its end says when it began
        words = _words(event, began.get(key), results.get(key))
        yield latest, _entry("journal", host.name, words, "journal.jsonl", line)
    yield from _health(host)


def _words(event: Event, began: datetime | None, reason: str | None) -> str:
    if not event.step:
        return _RUN.get(event.kind, event.kind)
    words = f"{event.step} {_STEP.get(event.kind, event.kind)}"
    if event.kind in ("done", "failed") and began is not None:
        words += f", after {(event.at - began).total_seconds():.1f} s"
    way = " (way back)" if event.list == "back" else ""
    return f"{words}{way}: {reason}" if event.kind == "failed" and reason else words + way


def _health(host: KeptHost) -> Iterator[Timed]:
    """The two moments that customers felt."""
    changed = times.changed_between(host)
    if changed is None:
        return
    bad = samples.first_bad_ms(samples.parse(host.probes), changed[0].timestamp() * 1000)
    if bad is not None:
        at = datetime.fromtimestamp(bad / 1000, tz=UTC)
        yield at, _entry("health", host.name, "the health URL gives no good answer", "evidence/probe.txt")
    well = times.recovered_at(host)
    if well is not None:
        yield well, _entry("health", host.name, "the health URL answers well again, for good", "evidence/probe.txt")
