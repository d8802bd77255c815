"""One small change on several hosts, of which one says no."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hummii_ops.errors import ExitCode, HummiiError, Mixed, Refused
from hummii_ops.tasks.call.each import on_each
from hummii_ops.tasks.call.frame import answer
from hummii_ops.tasks.call.said import Reply
from hummii_ops.transport import LinkLost

SITES: Any = [SimpleNamespace(host=SimpleNamespace(name=name)) for name in ("h-1", "h-2", "h-3")]
NO = Refused("h: no room", remedy="df -h")


def changes(*endings: BaseException | None) -> list[str]:
    """On host after host; an ending is raised there."""
    left = list(endings)

    def change(site: Any) -> str:
        if (ending := left.pop(0)) is not None:
            raise ending
        return str(site.host.name)

    return on_each(SITES, change)


def test_all_of_them() -> None:
    """In their order."""
    assert changes(None, None, None) == ["h-1", "h-2", "h-3"]


@pytest.mark.parametrize("first", [NO, LinkLost("h-1: the link was lost"), KeyboardInterrupt()])
def test_the_first_says_no(first: BaseException) -> None:
    """Nothing was done anywhere: its own error."""
    with pytest.raises(type(first)):
        changes(first)


@pytest.mark.parametrize("second", [NO, LinkLost("h-2: the link was lost"), KeyboardInterrupt()])
def test_a_later_one_says_no(second: BaseException) -> None:
    """Never "nothing was changed": who has it is named, and who has not."""
    with pytest.raises(Mixed) as mixed:
        changes(None, second)
    assert mixed.value.what.endswith("; it is done on h-1")
    assert "--limit=h-2,h-3" in mixed.value.remedy


def test_a_lost_link_is_no_bug() -> None:
    """Also in a task that has no word of its own for it."""

    def body(_context: Any) -> Reply:
        raise LinkLost("h: the link was lost; the outcome is unknown")

    reply = answer("evidence", body, None, {})
    assert (reply.exit_code, reply.document()["error"]) == (
        ExitCode.REFUSED,
        "h: the link was lost; the outcome is unknown",
    )
    assert "fab status" in reply.document()["remedy"]


def test_a_bug_on_a_full_disk(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its log cannot be written: one line says so, and where it was; its own words may be secret."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".hummii-ops").write_text("no folder")

    def body(_context: Any) -> Reply:
        raise ZeroDivisionError("by a secret")

    reply = answer("status", body, None, {})
    assert reply.exit_code is HummiiError.exit_code
    assert "it was ZeroDivisionError in test_tasks_each.py, line " in reply.document()["remedy"]
    assert "secret" not in str(reply.document())
