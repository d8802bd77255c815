"""fab releases as an operator sees it: why a restore point cannot be meant, or its time relied on."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

from rich.console import Console

from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import ComposeFact, ProjectDir, Snapshot
from hummii_ops.tasks.code.releases import _show_releases

SEEN = Snapshot(
    host_name="lab-1",
    project="hummii",
    read_at=datetime(2026, 3, 1, tzinfo=UTC),
    compose=ComposeFact(path="docker-compose.prod.yml", content=None, sha256=None),
    project_dir=ProjectDir(path="/opt/hummii"),
)


def page(*points: Release, width: int = 200) -> str:
    out = StringIO()
    _show_releases(Console(file=out, width=width), SEEN, points, "api")
    return out.getvalue()


def point(stamp: str, **changes: object) -> Release:
    fields = {"id": stamp, "name": stamp, "path": f"/b/{stamp}", "at": datetime(2026, 1, 1, tzinfo=UTC)}
    return Release(**(fields | changes))  # type: ignore[arg-type]


def test_a_name_that_is_no_time_says_so() -> None:
    """An unreadable name is never chosen by --latest, and the list says why; also beside other reasons."""
    said = page(point("before-xmas", at=None, unreadable="its name is not a time that is understood"))
    assert "never chosen by --latest: its name is not a time that is understood" in said
    both = page(point("x", at=None, unreadable="no time", reasons=("image api:1 is not on the host",)))
    assert "image api:1 is not on the host; never chosen by --latest: no time" in both


def test_a_name_in_the_repeated_hour_says_so() -> None:
    """The clock showed it twice; also for the one that runs. Others say nothing."""
    assert "showed twice; the earlier one is meant" in page(point("20251026_023000", ambiguous=True))
    assert "running; its name is a time" in page(point("20251026_023000", ambiguous=True, running=True))
    assert "twice" not in page(point("20251127_023000"))


def test_an_id_is_never_cut_in_two() -> None:
    """It is for copying, also from a narrow terminal and beside a long reason."""
    said = page(point("20251127_023000Z", reasons=("image hummii-api:2.3.1 is not on the host",)), width=60)
    assert "20251127_023000Z" in said
