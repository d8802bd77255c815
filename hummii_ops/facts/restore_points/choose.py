"""Which release is meant: `--latest` and `--to=`. Pure.

The server's door decides the same in sh: both must agree on the cases in tests/unit/facts/choose.
Never chooses what cannot be restored, and never takes a text that could not be a version to a shell.

    UsageError   the text can never be a version or a timestamp
    Refused      no release has it, several could be meant, it cannot be restored, or it runs already
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from hummii_ops.errors import Refused, UsageError
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.facts.timestamps import Unreadable, host_zone, parse_timestamp
from hummii_ops.transport.text import printable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}", re.ASCII)
_LIST = "fab releases"
_FURTHER = f"To go further: fab rollback --to=…   (which: {_LIST})"
_NOTHING_FURTHER = "Nothing older can be gone back to. Is it well now: fab verify. To take it back: fab undo"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What `--latest` means now. `passed_over`: the newer ones, each with the reason, newest first."""

    release: Release
    never_proven: bool
    passed_over: tuple[tuple[Release, str], ...]


def choose_latest(releases: Iterable[Release], snapshot: Snapshot) -> Choice:
    """The newest good release that is older than what runs and differs from it; else the newest unknown one.

    Of several restore points of that release, the newest that was recorded: it brings env files and the rest too.
    Refused when there is none, and when what runs was put there by a rollback.
    """
    judged = [(one, why_not(one, snapshot)) for one in releases]
    open_to_us = [one for one, why in judged if why is None]
    rolled_back = rolled_back_by(snapshot)
    if rolled_back is not None:
        raise Refused(
            f"already rolled back by {rolled_back.run_id}",
            remedy=_FURTHER if open_to_us else _NOTHING_FURTHER,
            run_id=rolled_back.run_id,
        )
    good = [one for one in open_to_us if one.goodness == "good"]
    meant = next(iter(good or open_to_us), None)
    if meant is None:
        raise Refused(
            "there is no release to go back to" + "".join(f"\n  {one.id}: {why}" for one, why in judged),
            remedy=f"Look at the list: {_LIST}. A bad one can still be named: fab rollback --to=…",
        )
    chosen = next((one for one in open_to_us if one.recorded and _same_release(one, meant)), meant)
    order = [one for one, _ in judged]
    newer = judged[: order.index(chosen)]
    passed_over = tuple((one, why or _outdone(one, meant, order)) for one, why in newer)
    return Choice(release=chosen, never_proven=chosen.goodness != "good", passed_over=passed_over)


def _same_release(one: Release, other: Release) -> bool:
    return one.identity is not None and one.identity == other.identity


def _outdone(one: Release, meant: Release, order: Sequence[Release]) -> str:
    """Why a newer restore point that could be chosen was not."""
    if one is meant or _same_release(one, meant):
        return "the same release without a record; an older restore point has one"
    if order.index(one) < order.index(meant):
        return "never proven, and an older one is good"
    return "the chosen release is newer: it has a newer restore point too"


def why_not(release: Release, snapshot: Snapshot) -> str | None:
    """Why `--latest` passes a release over; None if it may be chosen."""
    if release.at is None:
        return release.unreadable or "its name holds no time"
    if release.running:
        return "it is what runs"
    if release.at > snapshot.read_at:
        return "its time lies in the future"
    if not release.restorable:
        return "; ".join(release.reasons)
    if never_ran(release, snapshot):
        return "newer than what runs: it never ran"
    return "marked bad" if release.goodness == "bad" else None


def never_ran(release: Release, snapshot: Snapshot) -> bool:
    """Was something else already running when it was kept?

    A restore point is the state from before a deploy. If all containers of a service with another image were
    made before its time, that image ran then, and not this release. If only the file differs: all containers.
    """
    at = release.at
    if at is None:
        return False
    here = [one for one in snapshot.containers if not one.one_off]
    differing = {one.service for one in here if release.image_id(one.service) != one.image_id}
    if not differing:
        return bool(here) and all(one.created_at < at for one in here)
    return any(all(one.created_at < at for one in here if one.service == service) for service in differing)


def rolled_back_by(snapshot: Snapshot) -> RunFact | None:
    """The rollback that put there what runs, if no container was made after it ended."""
    last = next((one for one in snapshot.runs if one.state == "done" and one.to_release), None)
    if last is None or last.task not in ("rollback", "rollback-db") or last.state_at is None:
        return None
    later = any(one.created_at > last.state_at for one in snapshot.containers if not one.one_off)
    return None if later or not snapshot.containers else last


def choose_to(releases: Sequence[Release], text: str, snapshot: Snapshot) -> Release:
    """The release that `--to=TEXT` names, if the stack can be brought back to it."""
    chosen = find(releases, text, snapshot)
    # a deploy that failed early may have left its compose file on the disk: going to what runs puts the file back
    if chosen.running and not chosen.file_differs:
        raise Refused(f"release {_named(chosen)} is equal to the running one", remedy=f"Choose another one: {_LIST}")
    if not chosen.restorable:
        raise Refused(
            f"release {_named(chosen)} cannot be restored: {'; '.join(chosen.reasons)}",
            remedy=f"Choose another one: {_LIST}",
        )
    return chosen


def find(releases: Sequence[Release], text: str, snapshot: Snapshot) -> Release:
    """The release that a text names: exact timestamp, exact version (its newest restorable), a prefix at a dot."""
    checked(text)
    found = _by_time(releases, text, snapshot) or _by_version(releases, text)
    if not found:
        raise _no_such(releases, text)
    return next((one for one in found if one.restorable), found[0])


def checked(text: str) -> str:
    """`text`, if it could be a version or a timestamp. UsageError otherwise."""
    if _NAME.fullmatch(text):
        return text
    shown = printable(text).replace("\n", "\\n")
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    raise UsageError(
        f'"{shown}" can be neither a version nor a timestamp',
        remedy=f"Letters, digits and . _ : + - (at most 128, a letter or digit first). Which: {_LIST}",
    )


def _by_time(releases: Sequence[Release], text: str, snapshot: Snapshot) -> list[Release]:
    exact = [one for one in releases if one.id == text]
    if exact:
        return exact
    zone = host_zone(snapshot.host.zone, offset_s=snapshot.host.utc_offset_s, at=snapshot.read_at)
    try:
        at = parse_timestamp(text, zone=zone).at
    except Unreadable:
        return []
    return [one for one in releases if one.at == at]


def _by_version(releases: Sequence[Release], text: str) -> list[Release]:
    exact = [one for one in releases if one.version == text]
    if exact:
        return exact
    longer = [one for one in releases if one.version is not None and one.version.startswith(f"{text}.")]
    versions = list(dict.fromkeys(one.version for one in longer))
    if len(versions) > 1:
        raise Refused(
            f"{text} could be any of: {', '.join(str(one) for one in versions)}",
            remedy=f"Name one: fab rollback --to={versions[0]}",
        )
    return longer


def _no_such(releases: Sequence[Release], text: str) -> Refused:
    names = list(dict.fromkeys(name for one in releases for name in (one.version, one.id) if name))
    near = get_close_matches(text, names, n=3, cutoff=0.5)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    remedy = "The last good one: fab rollback --latest" if text == "latest" else f"Look at the list: {_LIST}"
    return Refused(f"there is no release {text}{hint}", remedy=remedy)


def _named(release: Release) -> str:
    return f"{release.version} ({release.id})" if release.version else release.id
