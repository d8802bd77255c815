"""fab releases: every restore point, and why one cannot be restored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hummii_ops.errors import ExitCode
from hummii_ops.facts.amounts import age
from hummii_ops.facts.release import Release
from hummii_ops.facts.restore_points.releases import releases as find_releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans.before import version_of
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site
from hummii_ops.transport import printable


@command("releases", aliases=("backups",))
def releases(_context: Any, limit: str | None = None, env: str | None = None, format: str = "text") -> Reply:
    """Every restore point: age, version, images, known good or bad, and why one cannot be restored."""
    return releases_reply(session.reach(session.choose(env), limit))


def releases_reply(sites: Sequence[Site], *, exit_code: ExitCode = ExitCode.DONE) -> Reply:
    """The list that `releases` shows, and a bare `rollback` (then with exit code 2)."""
    snapshots = [site.snapshot() for site in sites]
    found = [
        (snapshot, find_releases(snapshot, site.environment)) for site, snapshot in zip(sites, snapshots, strict=True)
    ]
    body = {
        "environment": sites[0].environment.name,
        "running": [
            {"host": snap.host_name, "version": version_of(snap, sites[0].environment.version_service)}
            for snap in snapshots
        ],
        "releases": [_release_json(snap, one) for snap, points in found for one in points],
    }

    def show(console: Console) -> None:
        for snapshot, points in found:
            _show_releases(console, snapshot, points, sites[0].environment.version_service)
        if exit_code is ExitCode.USAGE:
            console.print("\nnext: fab rollback --latest, or fab rollback --to=RELEASE", style="bold")

    verdict = "pass" if exit_code is ExitCode.DONE else "usage"
    return Reply(kind="releases", body=body, exit_code=exit_code, verdict=verdict, show=show)


def _release_json(snapshot: Snapshot, one: Release) -> dict[str, Any]:
    return {
        "host": snapshot.host_name,
        "id": one.id,
        "name": one.name,
        "at": one.at.isoformat() if one.at else None,
        "ambiguous": one.ambiguous,
        "unreadable": one.unreadable,
        "age_s": int((snapshot.read_at - one.at).total_seconds()) if one.at else None,
        "version": one.version,
        "images": {s.service: {"ref": s.ref, "image_id": s.image_id} for s in one.services},
        "identity": one.identity,
        "goodness": one.goodness,
        "recorded": one.recorded,
        "running": one.running,
        "restorable": one.restorable,
        "reasons": list(one.reasons),
        "lacks": list(one.lacks),
    }


def _show_releases(console: Console, snapshot: Snapshot, points: Sequence[Release], version_service: str) -> None:
    running = version_of(snapshot, version_service) or "no version that can be read"
    console.print(f"{snapshot.host_name} runs {running}", markup=False, style="bold")
    if not points:
        console.print("  no restore point yet; make one: fab snapshot --reason=…")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("  release", "age", "version", "proven", "image", ""):
        # an id is for copying: never cut in two
        whole = max(len(one.id) for one in points) + 2 if title == "  release" else None
        table.add_column(title, overflow="fold", min_width=whole)
    for one in points:
        image = next((s.image_id for s in one.services if s.service == version_service and s.image_id), None)
        style = "bold green" if one.running else ("dim" if not one.restorable else "")
        cells = (
            f"  {one.id}",
            age(one.at, snapshot.read_at),
            one.version or "?",
            one.goodness,
            (image or "-").removeprefix("sha256:")[:12],
            "; ".join(_notes(one)),
        )
        table.add_row(*(printable(cell).replace("[", r"\[") for cell in cells), style=style)
    console.print(table)


def _notes(one: Release) -> Iterator[str]:
    """What runs, why it cannot be restored, and why its time cannot be relied on."""
    if one.running:
        yield "running"
    else:
        yield from one.reasons
    if one.unreadable:
        yield f"never chosen by --latest: {one.unreadable}"
    if one.ambiguous:
        yield "its name is a time that the host's clock showed twice; the earlier one is meant"


ALL = (releases,)
