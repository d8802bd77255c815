"""Could the database be brought back: what is said of its backups; and what Prometheus gets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import facts_stacks as stacks
import pytest
from made_runs import an_outcome
from prometheus_client.parser import text_string_to_metric_families

from hummii_ops.errors import UsageError
from hummii_ops.facts.database.backup import Backup, Backups, ServedDatabase
from hummii_ops.facts.database.backup_judgement import Judgement
from hummii_ops.facts.database.magic import Recognised
from hummii_ops.inventory.prevention import Ready
from hummii_ops.readiness import metrics, projection
from hummii_ops.readiness.backups import Read, lines, meant
from hummii_ops.readiness.line import green, red, yellow

SERVED = ServedDatabase(
    container="c",
    name="hummii",
    server_version_num=150018,
    size_bytes=1,
    roles=frozenset(),
    extensions=frozenset(),
    migrations=(),
)
KIND = Recognised(kind="custom", wrap="none", what="a pg_dump archive")


def backup(hours: float | None) -> Backup:
    at = None if hours is None else stacks.NOW - timedelta(hours=hours)
    return Backup(
        path=f"/b/{hours}.dump", lies="file", size_bytes=1, changed_at=None, at=at, at_note="", recognised=KIND
    )


def listed(*backups: Backup, **otherwise: Any) -> Backups:
    fields: dict[str, Any] = {"folder": "/b", "folder_exists": True, "served": SERVED, "error": ""}
    return Backups(host_name="lab-1", read_at=stacks.NOW, backups=backups, **(fields | otherwise))


def said(*read: tuple[float | None, str], found: Backups | None = None) -> dict[str, str]:
    """Name → verdict of backups of so many hours, and why each cannot be used ("": it can)."""
    judged = [Read(backup=backup(hours), judgement=Judgement(reasons=(why,) if why else ())) for hours, why in read]
    found = found or listed(*(one.backup for one in judged))
    made = list(lines(found, judged, Ready()))
    assert all(bool(one.todo) == (one.look.verdict != "pass") for one in made)
    return {one.look.name: one.look.verdict for one in made}


@pytest.mark.parametrize(
    ("read", "verdicts"),
    [
        ([(2, "")], {"backup.2.dump": "pass", "backup-age": "pass"}),
        ([(27, "")], {"backup.27.dump": "pass", "backup-age": "fail"}),
        ([(2, "cut"), (20, "")], {"backup.2.dump": "fail", "backup.20.dump": "pass", "backup-age": "pass"}),
        ([(2, ""), (20, "cut")], {"backup.2.dump": "pass", "backup.20.dump": "inconclusive", "backup-age": "pass"}),
        ([(2, "cut")], {"backup.2.dump": "fail", "backup-age": "fail"}),
        ([(None, "")], {"backup.None.dump": "pass", "backup-age": "inconclusive"}),
        ([], {"backup": "fail"}),
    ],
)
def test_what_is_said_of_backups(read: list[tuple[float | None, str]], verdicts: dict[str, str]) -> None:
    """The newest must be whole and young; a broken one with a whole one that is newer is yellow."""
    assert said(*read) == verdicts


def test_a_database_that_does_not_answer_is_not_green() -> None:
    """Its tools are what reads a backup."""
    assert said(found=listed(served=None, error="its container is away")) == {"backup": "error"}


def test_the_newest_are_meant() -> None:
    """At most so many; those without a time only where none has one."""
    assert meant(listed(backup(1), backup(2), backup(None)), 1) == (backup(1),)
    assert meant(listed(backup(None)), 2) == (backup(None),)


def outcome(seconds: float, outage_s: float | None) -> Any:
    ended = stacks.NOW + timedelta(seconds=seconds)
    return an_outcome(run_id="r", outside="go", outage_s=outage_s, began_at=stacks.NOW, ended_at=ended)


def test_what_is_projected_was_measured() -> None:
    """The median of the runs; nothing where there was none."""

    class Kept:
        def __init__(self, seconds: float, outage_s: float | None) -> None:
            self.outcome = outcome(seconds, outage_s)

    runs: Any = [Kept(10, 2.0), Kept(14, None), Kept(90, 3.0)]
    assert projection.of(runs).words == "takes about 14 s, outage 2.5 s"
    assert projection.of([]).line().look.verdict == "skipped"


BODY = {
    "environment": 'a "b"\\',
    "lines": [
        one.as_json(host="h")
        for one in (
            green("disk./", "r", source="s", value=40.5, unit="%"),
            green("release.1", "r", source="s", value="1.0"),
            red("release.2", "r", "t", source="s"),
            yellow("lease", "r", "t", source="s"),
        )
    ],
}


def test_prometheus_reads_what_is_written(tmp_path: Path) -> None:
    """Its own client parses it: the worst of each family, the numbers, and when."""
    path = tmp_path / "hummii.prom"
    metrics.write(path, metrics.text(BODY, "fail", at_s=12.5))
    families = {one.name: one.samples for one in text_string_to_metric_families(path.read_text())}
    checks = {one.labels["check"]: one.value for one in families["hummii_ops_ready_check_status"]}
    assert checks == {"disk": 0, "release": 3, "lease": 1}
    (overall,) = families["hummii_ops_ready_status"]
    assert (overall.labels, overall.value) == ({"environment": 'a "b"\\'}, 3)
    assert [one.value for one in families["hummii_ops_ready_value"]] == [40.5]
    assert [one.value for one in families["hummii_ops_ready_timestamp_seconds"]] == [12.5]
    assert (path.stat().st_mode & 0o777, [one.name for one in tmp_path.iterdir()]) == (0o644, ["hummii.prom"])


def test_a_file_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    """And what stood there before stands there still."""
    with pytest.raises(UsageError, match="cannot be written"):
        metrics.write(tmp_path / "absent" / "hummii.prom", "")
