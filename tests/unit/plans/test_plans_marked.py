"""What a plan says of a target that is marked bad."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from facts_stacks import snapshot

from hummii_ops.facts.snapshot import Mark
from hummii_ops.plans import marked
from hummii_ops.plans.plan import StackState

BAD = Mark(
    identity="I", mark="bad", who="eve@laptop", reason="orders fail", since=datetime(2026, 2, 3, tzinfo=UTC), run="R"
)


def words(mark: Mark | None, *, identity: str | None = "I", undone: str | None = None) -> list[str]:
    seen = snapshot(marks={"I": mark} if mark else {})
    target = StackState(label="1.0", identity=identity, files={}, modes={}, services=())
    return list(marked.warning(seen, target, undone=undone))


@pytest.mark.parametrize(
    ("who", "since", "reason", "said"),
    [
        ("eve@laptop", BAD.since, "orders fail", "is marked bad (eve@laptop, 2026-02-03 00:00 UTC): orders fail"),
        ("eve@laptop", None, "", "is marked bad (eve@laptop)"),
        ("", None, "orders fail", "is marked bad: orders fail"),
        ("", None, "", "is marked bad"),
    ],
)
def test_who_when_and_why_as_far_as_known(who: str, since: datetime | None, reason: str, said: str) -> None:
    """One sentence, without a word about what is not known."""
    mark = Mark(identity="I", mark="bad", who=who, reason=reason, since=since, run="")
    assert words(mark) == [f"release 1.0 {said}"]


def test_the_mark_of_the_run_that_is_undone() -> None:
    """It goes with the run, and the sentence says so; another mark stays."""
    assert words(BAD, undone="R")[0].endswith("orders fail; undo takes this mark back")
    assert words(BAD, undone="OTHER")[0].endswith("orders fail")


def test_nothing_is_said_of_others() -> None:
    """A good release, one that nobody has judged, and what is no release."""
    good = Mark(identity="I", mark="good", who="", reason="", since=None, run="")
    assert words(good) == words(None) == words(BAD, identity=None) == []
