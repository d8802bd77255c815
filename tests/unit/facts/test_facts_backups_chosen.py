"""Which backup a text means: a name, a time, latest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from facts_backup import FOLDER, NOW, SERVED, backup

from hummii_ops.errors import Refused, UsageError
from hummii_ops.facts.database.backup import Backup, Backups
from hummii_ops.facts.database.choose_backup import candidates


def listed(*backups: Backup) -> Backups:
    return Backups(
        host_name="lab-1",
        read_at=NOW,
        folder=FOLDER,
        folder_exists=True,
        backups=backups,
        served=SERVED,
        error="",
    )


NEW, OLD, BARE = (
    backup("hummii-20260115_103000Z.dump", at=datetime(2026, 1, 15, 10, 30, tzinfo=UTC)),
    backup("hummii-20260114_103000Z.dump", at=datetime(2026, 1, 14, 10, 30, tzinfo=UTC)),
    backup("bare.sql", at=None),
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (f"{FOLDER}/hummii-20260114_103000Z.dump", (OLD,)),
        ("backups/database/hummii-20260114_103000Z.dump", (OLD,)),
        ("hummii-20260114_103000Z.dump", (OLD,)),
        ("20260114_103000", (OLD,)),
        ("20260114_103000Z", (OLD,)),
        ("2026-01-14T10:30:00Z", (OLD,)),
        ("bare.sql", (BARE,)),
        ("latest", (NEW, OLD)),
    ],
)
def test_a_text_means_a_backup(text: str, meant: tuple[Backup, ...]) -> None:
    """A path, a name, a time however it is written; latest is all that have a time, newest first."""
    assert candidates(listed(NEW, OLD, BARE), text) == meant


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "../x", "nothing", "dump", "20260101_000000", "2026", f"{FOLDER}/../x"]
)
def test_a_text_that_means_none_is_refused(text: str) -> None:
    """Also a path that leads out of the folder, and a part of a name."""
    with pytest.raises(Refused):
        candidates(listed(NEW, OLD, BARE), text)


def test_a_text_that_means_two_is_refused() -> None:
    """The names that it may mean are said."""
    with pytest.raises(Refused, match=r"hummii-20260114_103000Z\.dump, b-20260114_103000Z\.sql"):
        candidates(listed(OLD, backup("b-20260114_103000Z.sql", at=OLD.at)), "20260114_103000")


@pytest.mark.parametrize("text", ["", "a\nb", "x" * 5000])
def test_a_text_that_can_mean_nothing_is_wrong_usage(text: str) -> None:
    """Whatever lies on the host."""
    with pytest.raises(UsageError):
        candidates(listed(NEW), text)


def test_no_backup_at_all() -> None:
    """Says how to make one."""
    with pytest.raises(Refused) as refused:
        candidates(listed(), "latest")
    assert "backup-db" in refused.value.remedy
