"""A backup of the database as the views name it, as JSON and as people read it."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hummii_ops.facts.amounts import age, size
from hummii_ops.facts.database.backup import Backup, Backups, Contents, schema_head
from hummii_ops.facts.database.backup_judgement import Judgement
from hummii_ops.transport import printable


def backup_json(found: Backups, one: Backup, judgement: Judgement, contents: Contents | None = None) -> dict[str, Any]:
    """A backup for the views. `verified` is what lies beside it; `loss_window_s` what going back to it would lose."""
    migrations = contents.migrations if contents else one.manifest.migrations if one.manifest else ()
    rows = contents.rows if contents else one.manifest.rows if one.manifest else None
    return {
        "host": found.host_name,
        "name": one.name,
        "path": one.path,
        "kind": one.recognised.kind,
        "wrap": one.recognised.wrap,
        "what": one.recognised.what,
        "size_bytes": one.size_bytes,
        "at": one.at.isoformat() if one.at else None,
        "loss_window_s": loss_window_s(found, one),
        "database": one.database,
        "has_checksum": one.sha256 is not None,
        "has_manifest": one.manifest is not None,
        "safety_dump": one.is_safety_dump,
        "release": one.manifest.release or None if one.manifest else None,
        "schema_head": schema_head(migrations),
        "rows": dict(rows) if rows is not None else None,
        "sha256": contents.sha256 if contents else None,
        "usable": judgement.usable,
        "reasons": [printable(reason) for reason in judgement.reasons],
        "doubts": [printable(doubt) for doubt in judgement.doubts],
    }


def served_json(found: Backups) -> dict[str, Any]:
    """The database that a host serves; `error` says why nothing is known of it."""
    served = found.served
    return {
        "host": found.host_name,
        "folder": found.folder,
        "database": served.name if served else None,
        "server_version": f"{served.major}.{served.server_version_num % 10_000}" if served else None,
        "size_bytes": served.size_bytes if served else None,
        "schema_head": schema_head(served.applied) if served else None,
        "error": found.error or None,
    }


def loss_window_s(found: Backups, one: Backup) -> int | None:
    """From the backup's time to now, by the host's clock; None if its time is not known."""
    return int((found.read_at - one.at).total_seconds()) if one.at else None


def show_backups(console: Console, found: Backups, judged: list[tuple[Backup, Judgement]]) -> None:
    """A host's backups, newest first."""
    console.print(f"{found.host_name}: {served_line(found)}", style="bold", markup=False)
    if not judged:
        console.print('  no backup yet; make one: fab backup-db --reason="…"', markup=False)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("  backup", "loss window", "size", "kind", "verified by", "schema head"):
        # a name is for copying: never cut
        whole = max(len(one.name) for one, _ in judged) + 2 if title == "  backup" else None
        table.add_column(title, overflow="fold", min_width=whole)
    for one, judgement in judged:
        style = "" if judgement.usable else "dim"
        table.add_row(*(Text(printable(cell)) for cell in _cells(found, one)), style=style)
    console.print(table)
    for one, judgement in judged:
        if not judgement.usable:
            console.print(printable(f"  {one.name} cannot be used: {'; '.join(judgement.reasons)}"), markup=False)


def _cells(found: Backups, one: Backup) -> tuple[str, ...]:
    beside = [word for word, there in (("checksum", one.sha256), ("manifest", one.manifest)) if there]
    beside += ["safety dump of a rollback"] if one.is_safety_dump else []
    head = schema_head(one.manifest.migrations) if one.manifest else None
    kind = one.recognised.kind or "-"
    return (
        f"  {one.name}",
        age(one.at, found.read_at),
        size(one.size_bytes),
        kind if one.recognised.wrap == "none" else f"{kind} {one.recognised.wrap}",
        ", ".join(beside) or "nothing",
        head or "?",
    )


def served_line(found: Backups) -> str:
    """The served database in a line."""
    if found.served is None:
        return printable(found.error)
    head = schema_head(found.served.applied) or "no migration known"
    return f"{found.served.name}, PostgreSQL {found.served.major}, {size(found.served.size_bytes)}, schema {head}"


def show_judged(console: Console, one: dict[str, Any]) -> None:
    """A backup that was read to its end, and what came of it."""
    proof = "restored and proven beside, and dropped again" if one.get("restored") else "decoded to its last byte"
    sentence = f"can be used: {proof}" if one["usable"] else "cannot be used"
    style = "bold green" if one["usable"] else "bold red"
    console.print(f"{one['host']}: {one['name']} {sentence}", style=style, markup=False)
    for reason in one["reasons"]:
        console.print(f"  {reason}", markup=False)
    if not one["usable"]:
        return
    rows, schema = sum((one["rows"] or {}).values()), one["schema_head"] or "not known"
    console.print(f"  {one['what']}, of {one['at'] or 'an unknown time'}: {rows} rows, schema {schema}", markup=False)
    for doubt in one["doubts"]:
        console.print("  ! ", style="yellow", end="")
        console.print(doubt, markup=False)
