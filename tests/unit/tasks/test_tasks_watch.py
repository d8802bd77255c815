"""How a watch ends: its exit code, and the word for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hummii_ops.errors import ExitCode
from hummii_ops.tasks.frame import Reply
from hummii_ops.tasks.watch_acts import Story


def story(**otherwise: object) -> Story:
    told = Story(kept=Path("looks.jsonl"), looks=6, last="well")
    for name, value in otherwise.items():
        setattr(told, name, value)
    return told


def run(code: ExitCode) -> Reply:
    return Reply(kind="rollback", body={"run_id": "R"}, exit_code=code)


@pytest.mark.parametrize(
    ("told", "end", "code"),
    [
        (story(), "well", 0),
        (story(last="settling"), "inconclusive", 10),
        (story(last="ill", ill=2), "inconclusive", 10),
        (story(unseen=3), "inconclusive", 10),
        (story(unseen=2), "well", 0),
        (story(called="a rollback would not help"), "needs-a-person", 7),
        (story(run=run(ExitCode.DONE)), "rolled-back", 5),
        (story(run=run(ExitCode.DONE), called="first"), "rolled-back", 5),
        (story(run=run(ExitCode.DEGRADED)), "rolled-back", 7),
        (story(run=run(ExitCode.RESTORED), called="it did not hold"), "needs-a-person", 7),
        (story(run=run(ExitCode.MIXED), called="it did not hold"), "needs-a-person", 6),
    ],
)
def test_an_exit_code_does_not_lie(told: Story, end: str, code: int) -> None:
    """Well only if most looks were made, and the last was good; a job that was rolled back is not green."""
    assert (told.end, int(told.exit_code)) == (end, code)
