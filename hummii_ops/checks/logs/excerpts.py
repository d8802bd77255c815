"""What is asked of the containers' logs, and what the host sent of them. Nothing is written there.

Why not grep there: the inventory's regexes are Python's, and grep reads them otherwise. Why not only a tail here: it
would miss lines of a busy service. So the host sieves (`words.sieve`) and sends at most the last 2,000 lines
and 512 KiB of each log; Python matches what came.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files

from hummii_ops.checks.logs.words import sieve
from hummii_ops.checks.mask import shown
from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import frames, sensible
from hummii_ops.facts.snapshot import ContainerFact, Snapshot
from hummii_ops.transport import LinkLost, Transport

WINDOW = timedelta(minutes=10)
EARLIER = timedelta(hours=1)
_MOST_LINES, _MOST_BYTES = 2000, 512 * 1024
_LIMIT_S = 60
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z ")
_COUNTS = re.compile(r"lines (\d+) (\d+) (\d+)")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A container, the moment from which its log is judged, and the hour before the release if it is that old."""

    container: ContainerFact
    since: datetime
    earlier: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """What the host sent of one range: of `looked` lines `found` held a word, and `lines` came.

    `trouble`: docker's own words when it could not read the log; `kept` False: the log is kept nowhere.
    """

    lines: tuple[tuple[datetime, str], ...] = field(default=(), repr=False)
    looked: int = 0
    found: int = 0
    trouble: str | None = None
    kept: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A question with its excerpts; `earlier` None: there is nothing earlier to compare with."""

    question: Question
    window: Excerpt
    earlier: Excerpt | None = None


def questions(snapshot: Snapshot, *, version_service: str) -> tuple[Question, ...]:
    """One for each container that ran in the window; the release began when the version service was made."""
    made = min((one.created_at for one in snapshot.service(version_service)), default=None)
    asked = []
    for one in snapshot.containers:
        begin = snapshot.read_at - WINDOW
        has_ended = not one.is_up and one.finished_at is not None and one.finished_at < begin
        if one.one_off or one.started_at is None or has_ended:
            continue
        if not one.restart_count:  # a life that ended with a reboot is over; one that ended with a crash is not
            begin = max(begin, one.started_at)
        if made is None or one.created_at >= made:
            asked.append(Question(container=one, since=begin))
        else:
            asked.append(Question(container=one, since=max(begin, made), earlier=(made - EARLIER, made)))
    return tuple(asked)


def read(transport: Transport, asked: Sequence[Question], patterns: Sequence[str]) -> tuple[Answer, ...] | None:
    """Ask one host, in one call. None: the link went or the answer was cut, so that nothing is known."""
    if not asked:
        return ()
    ranges = [text for one in asked for text in _ranges(one)]
    words = (f"word:{word}" for word in sieve(patterns) or ())
    script = files("hummii_ops.checks.logs").joinpath("logs.sh").read_text(encoding="utf-8")
    try:
        result = transport.call(script, str(_MOST_LINES), str(_MOST_BYTES), *words, *ranges, limit_s=_LIMIT_S)
        sent = [parse(one.text) for one in frames(result.stdout, host=transport.name).all("logs")]
    except (LinkLost, Unreachable):
        return None
    if len(sent) != len(ranges):
        return None
    excerpts = iter(sent)
    return tuple(
        Answer(question=one, window=next(excerpts), earlier=next(excerpts) if one.earlier else None) for one in asked
    )


@sensible
def parse(text: str) -> Excerpt:
    """What logs.sh printed for one range."""
    counts, lines, said = (0, 0, 127), [], []
    for line in text.split("\n"):
        if stamp := _STAMP.match(line):
            lines.append((datetime.fromisoformat(stamp[1]).replace(tzinfo=UTC), line[stamp.end() :]))
        elif line.startswith("said "):
            said.append(line.removeprefix("said "))
        elif matched := _COUNTS.fullmatch(line):
            counts = (int(matched[1]), int(matched[2]), int(matched[3]))
    looked, found, code = counts
    return Excerpt(
        lines=tuple(lines),
        looked=looked,
        found=found,
        trouble=(shown(" ".join(said)) or f"docker logs ended with exit code {code}") if code else None,
        kept=not (code and "driver none" in said),
    )


def _ranges(question: Question) -> tuple[str, ...]:
    name = question.container.id
    window = f"{name}:{question.since.timestamp():.3f}:"
    if question.earlier is None:
        return (window,)
    begin, end = question.earlier
    return (window, f"{name}:{begin.timestamp():.3f}:{end.timestamp():.3f}")
