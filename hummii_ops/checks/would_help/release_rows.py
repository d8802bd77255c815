"""Rows 8 to 13 of the table: is it the release, may the code go back, and does it matter? Pure."""

from __future__ import annotations

from typing import Final

from hummii_ops.checks.would_help import causes
from hummii_ops.checks.would_help.evidence import Evidence, Room
from hummii_ops.checks.would_help.row import AGAIN, LOOK, ROLL_BACK, Row, Says, asked
from hummii_ops.checks.would_help.rows import UNSEEN, by_queries

_ROOMS: Final[tuple[Room, ...]] = ("host", "database", "dependencies")


def row_8(seen: Evidence) -> Row:
    """It is the release, and the release has changed the schema so that the older code cannot serve it."""
    cause = _dead(seen) or by_queries(seen) or confirmed(seen)
    said = f"older code on this schema is {seen.migrations}" if seen.migrations else f"migrations: {UNSEEN}"
    says = Says(
        helps="yes",
        code="release-with-migrations",
        verdict="the release, but its schema stays",
        because=f"{cause}. The older code cannot serve the schema that is there: it needs a corrected release, or the "
        "database back too, which loses what was written since the backup",
        next_command=LOOK,
    )
    shown = "" if cause else "the release is not shown to be the cause"
    return asked(8, said, seen.migrations_said, shown, says=says, matches=cause and seen.migrations == "unsafe")


def _dead(seen: Evidence) -> str | None:
    healthy = seen.previous is not None and seen.previous.healthy is True
    return causes.illness(seen) if healthy and not causes.others_down(seen) else None


def confirmed(seen: Evidence) -> str | None:
    """S, E and L of one metric, with the release, while host, database and dependencies were looked at and are well."""
    worst = next((one for one in seen.gates if one.degraded and one.breached), None)
    others: tuple[bool, ...] = (
        causes.host_is_out(seen),
        "database" in seen.absent or (seen.database is not None and not causes.database_bottleneck(seen.database)),
        "dependencies" in seen.absent or (seen.dependencies is not None and not causes.slow_dependencies(seen)),
    )
    return worst.words() if worst and causes.coincides(seen) and all(others) else None


def row_9(seen: Evidence) -> Row:
    """Significant, large, over the limit, since the release, and nothing else is saturated."""
    cause = confirmed(seen)
    both = sum(one.degraded and one.breached is True for one in seen.gates)
    there = [room for room in _ROOMS if room not in seen.absent]
    unseen = [room for room in there if room in seen.not_looked_at]
    says = Says(
        helps="yes",
        code="worse-since-release",
        verdict="confirmed",
        because=f"{cause}; {_onset(seen)}; well: {', '.join(there)}{causes.schema_note(seen)}",
        next_command=ROLL_BACK,
    )
    return asked(
        9,
        f"{both} of {len(seen.gates)} metrics worse and over their limit" if seen.gates else "",
        _onset(seen),
        f"{UNSEEN}: {', '.join(unseen)}" if unseen else "",
        says=says,
        matches=cause and seen.migrations != "unsafe",
    )


def _onset(seen: Evidence) -> str:
    if seen.onset_at is None or seen.began_at is None:
        return f"when it became worse: {UNSEEN if seen.onset_at is None else 'the release has no known beginning'}"
    minutes = (seen.onset_at - seen.began_at).total_seconds() / 60
    when = f"{abs(minutes):.0f} min {'after' if minutes >= 0 else 'before'} the release began"
    return f"it became worse {when}{', with it' if causes.coincides(seen) else ''}"


def row_10(seen: Evidence) -> Row:
    """Worse, and still within every limit."""
    worse = [one for one in seen.gates if one.degraded]
    says = Says(
        helps="no",
        code="minor",
        verdict="minor",
        because=f"{', '.join(one.name for one in worse)}: worse than before, and within the limit. Keep it, and watch",
        next_command=AGAIN,
    )
    said = [one.words() for one in worse] or [f"metrics: {'none is worse' if seen.gates else UNSEEN}"]
    return asked(10, *said, says=says, matches=worse and all(one.breached is False for one in worse))


def row_11(seen: Evidence) -> Row:
    """Worse, from before the release on; or with another change."""
    other = causes.other_change(seen)
    early = seen.onset_at and seen.began_at and seen.onset_at <= seen.began_at - causes.EARLIER
    said = f"other changes: {UNSEEN}"
    if seen.other_changes is not None:
        said = f"with another change: {other.what}" if other else f"{len(seen.other_changes)} others, none then"
    says = Says(
        helps="no",
        code="other-change",
        verdict="not the release",
        because=f"{_onset(seen)}{f', with another change: {other.what}' if other else ''}",
        next_command="fab runs",
    )
    return asked(11, _onset(seen), said, says=says, matches=causes.degraded(seen) and (early or other))


def row_12(seen: Evidence) -> Row:
    """Only one of the two: a real difference that is too small, or a large one that is not shown to be real."""
    large = [one for one in seen.gates if one.only_one == "large"]
    small = [one for one in seen.gates if one.only_one == "significant"]
    missing = max((one.comparison.missing for one in large), default=0)
    perhaps = f"{', '.join(one.name for one in large)}: perhaps worse; about {missing} more samples may tell"
    too_small = f"{', '.join(one.name for one in small)}: a real difference, too small to matter"
    says = Says(
        helps="unknown" if large else "no",
        code="perhaps-worse" if large else "too-small",
        verdict="inconclusive" if large else "not relevant",
        because=perhaps if large else too_small,
        next_command=AGAIN,
    )
    said = [f"not shown to be real: {one.words()}" for one in large]
    said += [f"too small: {one.words()}" for one in small]
    none = f"metrics: {'none passes one gate alone' if seen.gates else UNSEEN}"
    matches = (large or small) and not causes.degraded(seen)
    return asked(12, *(said or [none]), says=says, matches=matches)


def row_13(seen: Evidence) -> Row:
    """Ill now, and ill before."""
    said = [
        f"{one.name} was over its limit before the release too"
        for one in seen.gates
        if one.breached and one.breached_before
    ]
    wrong = causes.illness(seen)
    if wrong and seen.previous and seen.previous.healthy is False:
        said.append(f"{wrong}, and {seen.previous.words()}")
    says = Says(
        helps="no",
        code="ill-before-too",
        verdict="not the release",
        because=f"{'; '.join(said)}. An older one may help",
        next_command="fab releases",
    )
    return asked(13, *(said or ["nothing is known to have been ill before the release"]), says=says, matches=said)
