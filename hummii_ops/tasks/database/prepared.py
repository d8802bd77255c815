"""What a run has prepared beside the served database: its loss window, the typed name, and the exchange."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console

from hummii_ops.errors import Declined
from hummii_ops.facts.database.read_database import read_rows, rows_of
from hummii_ops.facts.reading.parse_claims import epoch_ms
from hummii_ops.plans.plan import Plan
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.session import Site
from hummii_ops.transport import printable


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What the served database has and the backup has not. `tables`: rows there and in the backup, where they differ.

    `window_s` from the backup's time to `now`, None if its time is not known. `rows_newer` is the sum over tables of
    what is there more; rows that were changed, or deleted, are not in it.
    """

    backup: str
    at: datetime | None
    window_s: int | None
    tables: dict[str, tuple[int, int]]

    @property
    def rows_newer(self) -> int:
        return sum(max(0, there - here) for there, here in self.tables.values())


def loss_of(notes: dict[str, str], rows_live: dict[str, int], now: datetime) -> Loss:
    """`notes` are those of the plan that prepared."""
    lines = dict(line.split("=", 1) for line in notes["backup"].splitlines() if "=" in line)
    at, then = epoch_ms(lines["at"]), rows_of(notes["rows.expected"])
    names = sorted({*rows_live, *then}) if then else []
    tables = {
        name: (rows_live.get(name, 0), then.get(name, 0)) for name in names if not name.endswith("._prisma_migrations")
    }
    return Loss(
        backup=lines["name"],
        at=at,
        window_s=int((now - at).total_seconds()) if at else None,
        tables={name: pair for name, pair in tables.items() if pair[0] != pair[1]},
    )


def show_loss(console: Console, host: str, database: str, loss: Loss) -> None:
    """The loss window, as it must be read before a name is typed."""
    when = f"{loss.at:%Y-%m-%d %H:%M:%S} UTC, {_span(loss.window_s or 0)} ago" if loss.at else "an unknown time"
    console.print(f"{host}: {database} goes back to {when} ({printable(loss.backup)})", style="bold", markup=False)
    for line in loss_lines(loss):
        console.print(printable(f"  {line}"), markup=False)
    console.print(
        "  nothing of it is destroyed: the present database is kept, and fab undo serves it again", markup=False
    )


def show_doubts(console: Console, doubts: Sequence[str]) -> None:
    """What is so in the backup itself: it is restored as it is, and somebody should know."""
    for line in doubts:
        console.print(f"  ! the backup itself: {line}", markup=False)


def loss_lines(loss: Loss) -> Iterator[str]:
    """What is there and not in the backup, table by table."""
    if not loss.tables:
        yield "no table has more or fewer rows than the backup"
    for name, (there, here) in list(loss.tables.items())[:12]:
        words = f"{there - here} more than the backup" if there > here else f"{here - there} fewer than the backup"
        yield f"{name}: {there} rows now, {words}"
    if len(loss.tables) > 12:
        yield f"and {len(loss.tables) - 12} more tables"


def _span(seconds: int) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def confirm_by_name(
    database: str, *, yes: bool, to: str = "serve the backup instead", what: str = "rollback-db"
) -> None:
    """The name of the database, typed; raises Declined for anything else, Refused without a terminal."""
    if yes:
        return
    session.can_ask(yes=yes, what=what)
    sys.stderr.write(f"Type the name of the database to {to} [{database}]: ")
    sys.stderr.flush()
    try:
        reply = input().strip()
    except EOFError:
        reply = ""
    if reply != database:
        kept = ", and what is prepared is kept" if what == "rollback-db" else ""
        raise Declined(f"the name was not typed; nothing was changed{kept}")


def loss_now(site: Site, plan: Plan, now: datetime) -> Loss:
    """The loss window anew: what is served may have grown since it was prepared.

    Of a dump that writes its rows as INSERTs they are not known before it is restored: then there is no table to name.
    """
    notes = dict(plan.notes)
    return loss_of(notes, read_rows(site.transport, site.environment, rows_of(notes["rows.expected"])), now)
