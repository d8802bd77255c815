"""Are there new critical errors in the logs? Pure: judges what the host sent.

"New" is a fingerprint that was not in the same container's log in the hour before the release (the version service's
container) was made. A container that is no older has nothing earlier: then every critical line is new, and the reason
says so. Where only our own default regexes find a line, two kinds never count: a line whose own level is less than
error, and one that says no more than that a neighbour was away while services started.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from hummii_ops.checks.logs.excerpts import Answer, Question
from hummii_ops.checks.logs.fingerprint import fingerprint, is_calm
from hummii_ops.checks.logs.words import sieve
from hummii_ops.checks.mask import shown
from hummii_ops.checks.verdict import SKIPPED, Judged, Measurement
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory.stack_settings import CRITICAL_LINES

START_UP = timedelta(seconds=60)
STOPPING = timedelta(seconds=30)  # a replaced service is away from its stop, ten seconds of grace and more, on
_EXAMPLES = 3
_NEIGHBOUR_AWAY = re.compile(
    r"(?i)ECONNREFUSED|connection refused|terminating connection due to administrator command|"
    r"the database system is (?:starting up|shutting down|in recovery mode|not yet accepting connections)"
)


def judge(
    snapshot: Snapshot,
    asked: Sequence[Question],
    answers: Sequence[Answer] | None,
    patterns: Sequence[str],
) -> tuple[Measurement, ...]:
    """`logs.<service>` for each service that was asked about; `answers` None: the host could not be looked at."""
    names = sorted({one.container.service for one in asked})
    if answers is None:
        return tuple(_unknown(name, asked, patterns) for name in names)
    starts = [one.started_at for one in snapshot.containers if one.started_at]
    return tuple(
        _service(name, [one for one in answers if one.question.container.service == name], snapshot, patterns, starts)
        for name in names
    )


def _unknown(name: str, asked: Sequence[Question], patterns: Sequence[str]) -> Measurement:
    own = [one for one in asked if one.container.service == name]
    reason = "could not look: the link was lost or the answer was cut while the logs were read"
    return Measurement(name=f"logs.{name}", verdict="error", reason=reason, source=_source(own, patterns))


def _service(
    name: str,
    answers: Sequence[Answer],
    snapshot: Snapshot,
    patterns: Sequence[str],
    starts: Sequence[datetime],
) -> Measurement:
    questions = [one.question for one in answers]
    window_s = round(max((snapshot.read_at - min(one.since for one in questions)).total_seconds(), 0))
    known = {fingerprint(line) for one in answers if one.earlier for _, line in one.earlier.lines}
    found = [
        (at, line, by)
        for one in answers
        for at, line in one.window.lines
        if (by := [pattern for pattern in patterns if re.search(pattern, line)])
    ]
    counted = [line for at, line, by in found if not _is_excused(at, line, by, starts)]
    new = [line for line in counted if fingerprint(line) not in known]
    unread: tuple[Judged, str] | None = next(_unread(answers), None)
    verdict: Judged = "fail" if new else unread[0] if unread else "pass"
    said = f"{len(new)} new critical lines in {name}, e.g. {_examples(new)}" if new else "no new critical lines"
    excused, usual = len(found) - len(counted), len(counted) - len(new)
    notes = (unread[1],) if unread else tuple(_notes(answers, excused, usual, patterns))
    return Measurement(
        name=f"logs.{name}",
        verdict=verdict,
        value=None if unread and not new else len(new),
        unit="lines",
        limit=0,
        reason="; ".join((*((said,) if new or not unread else ()), *notes)),
        source=_source(questions, patterns),
        window_s=window_s,
        samples=sum(one.window.looked for one in answers),
    )


def _unread(answers: Sequence[Answer]) -> Iterator[tuple[Judged, str]]:
    """Logs that docker could not read, the worst first."""
    excerpts = [(one.question.container.name, each) for one in answers for each in (one.window, one.earlier) if each]
    for name, each in excerpts:
        if each.trouble and each.kept:
            yield "error", f"could not read the log of {shown(name)}: {each.trouble}"
    for name, each in excerpts:
        if not each.kept:
            yield SKIPPED, f"{shown(name)} keeps no log: its logging driver is none"


def _notes(answers: Sequence[Answer], excused: int, usual: int, patterns: Sequence[str]) -> Iterator[str]:
    if excused:
        yield f"{excused} while services started, or by their own level less than errors, not counted"
    if usual:
        yield f"{usual} as before the release"
    if all(one.earlier is None for one in answers):
        yield "nothing earlier to compare with: the container is as young as the release"
    cut = [one.window for one in answers if one.window.found > len(one.window.lines)]
    if cut:
        looked = "read" if sieve(patterns) is None else "sieved out"
        yield f"only the last {sum(len(one.lines) for one in cut)} of {sum(one.found for one in cut)} lines {looked}"


def _is_excused(at: datetime, line: str, by: Sequence[str], starts: Sequence[datetime]) -> bool:
    if any(pattern not in CRITICAL_LINES for pattern in by):
        return False  # the inventory's own regex means what it says
    if is_calm(line):
        return True
    was_starting = any(start - STOPPING <= at <= start + START_UP for start in starts)
    return was_starting and _NEIGHBOUR_AWAY.search(line) is not None


def _examples(lines: Sequence[str]) -> str:
    kinds: dict[str, str] = {}
    for line in lines:
        kinds.setdefault(fingerprint(line), line)
    return " ⏎ ".join(shown(line, most=200) for line in list(kinds.values())[:_EXAMPLES])


def _source(questions: Sequence[Question], patterns: Sequence[str]) -> str:
    since = min(one.since for one in questions).strftime("%Y-%m-%dT%H:%M:%SZ")
    names = " ".join(sorted({one.container.name for one in questions}))
    regex = shlex.quote("|".join(f"(?:{one})" for one in patterns)) if patterns else "''"
    return f"for each of {names}: docker logs --since {since} NAME 2>&1 | grep -P {regex}"
