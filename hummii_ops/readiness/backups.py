"""Could the database be brought back today: is there a backup, how old is it, and is it whole? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hummii_ops.facts.amounts import age, span
from hummii_ops.facts.database.backup import Backup, Backups
from hummii_ops.facts.database.backup_judgement import Judgement
from hummii_ops.inventory.prevention import Ready
from hummii_ops.readiness.line import Line, green, red, unseen, yellow
from hummii_ops.transport.text import printable

_LISTED = "fab backups-db"
_MAKE = 'fab backup-db --reason="…"; and see why the job that makes them did not'


@dataclass(frozen=True, kw_only=True)
class Read:
    """A backup, read to its last byte."""

    backup: Backup
    judgement: Judgement


def meant(found: Backups, most: int) -> tuple[Backup, ...]:
    """The newest ones, at most so many; none that a rollback of the database made of what it left."""
    dated = [one for one in found.backups if one.at is not None and not one.is_safety_dump]
    return tuple(dated or [one for one in found.backups if not one.is_safety_dump])[:most]


def lines(found: Backups, read: Sequence[Read], settings: Ready) -> Iterator[Line]:
    """Whether there is one, each that was read, and the age of the newest that can be used."""
    if found.served is None:
        yield unseen("backup", found.error, "fab status", source=_LISTED)
        return
    if not read:
        yield red("backup", f"there is no backup in {found.folder}", _MAKE, source=_LISTED)
        return
    usable = [one.backup for one in read if one.judgement.usable]
    for one in read:
        yield _one(one, newer_is_usable=bool(usable) and read.index(one) > _place(read, usable[0]))
    yield _age(found, usable, settings)


def _place(read: Sequence[Read], backup: Backup) -> int:
    return next(index for index, one in enumerate(read) if one.backup is backup)


def _one(one: Read, *, newer_is_usable: bool) -> Line:
    name, source = f"backup.{one.backup.name}", f"fab check-backup --backup={one.backup.name}"
    if one.judgement.usable:
        doubts = printable("; ".join(one.judgement.doubts))
        return green(name, f"whole{f'; {doubts}' if doubts else ''}", source=source)
    reason = printable("; ".join(one.judgement.reasons))
    if newer_is_usable:
        return yellow(name, reason, f"a newer one is whole: remove this one, {one.backup.path}", source=source)
    return red(name, reason, _MAKE, source=source)


def _age(found: Backups, usable: Sequence[Backup], settings: Ready) -> Line:
    name, limit_s = "backup-age", settings.backup_age_h * 3600
    if not usable:
        return red(name, "none of those that were read can be used", _MAKE, source=_LISTED)
    newest = usable[0]
    if newest.at is None:
        todo = "name it by its time, as fab backup-db does"
        return yellow(name, f"{newest.name} does not say when it was made", todo, source=_LISTED)
    seconds = (found.read_at - newest.at).total_seconds()
    numbers = {"value": round(seconds), "unit": "s", "limit": limit_s}
    if seconds > limit_s:
        reason = f"the newest that can be used is {age(newest.at, found.read_at)} old; the limit is {span(limit_s)}"
        return red(name, reason, _MAKE, source=_LISTED, **numbers)
    return green(name, f"the newest is {age(newest.at, found.read_at)} old", source=_LISTED, **numbers)
