"""A run as people see it, without a terminal and with one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from io import StringIO

from rich.console import Console

from hummii_ops.events import Event
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.steps import Effect, Step
from hummii_ops.telling.console import RunConsole

START = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = StackState(label="-", identity=None, files={}, modes={}, services=())
WAIT = Step(id="settled", title="nothing restarts", effect=Effect.READS, limit_s=5, holds=("x",), act=("x",))
PLAN = Plan(
    task="rollback",
    environment="e",
    host="h",
    project="p",
    project_dir="/opt/p",
    left=NOTHING,
    target=NOTHING,
    forward=(WAIT,),
    back=(),
    expect="",
    expect_files=(),
)


def event(kind: str, seconds: float, step: str = "settled") -> Event:
    at = START + timedelta(seconds=seconds)
    return Event(at=at, run_id="R", host="h", kind=kind, list="forward", step=step)  # type: ignore[arg-type]


def until_said(out: StringIO, words: str) -> None:
    deadline = time.monotonic() + 10
    while words not in out.getvalue():
        assert time.monotonic() < deadline, out.getvalue()
        time.sleep(0.01)


def test_a_log_is_not_silent_while_a_step_lasts() -> None:
    """Without a terminal a slow step is named when it has begun, once, and again when it has ended."""
    out = StringIO()
    with RunConsole(Console(file=out, width=200), PLAN, slow_s=0.01) as shown:
        shown(event("start", 0))
        until_said(out, "has begun")
        shown(event("done", 40))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert [line[:2] for line in lines] == [["✓", "made,"], ["…", "settled"], ["✓", "settled"]]
    assert lines[-1][-2:] == ["40.0", "s"]


def test_a_quick_step_has_one_line() -> None:
    """A step that ends soon is said once; what is over is not said to have begun, nor after the run was left."""
    out = StringIO()
    with RunConsole(Console(file=out, width=200), PLAN, slow_s=30) as shown:
        shown(event("start", 0))
        shown(event("done", 1))
        shown(event("start", 2, "other"))
    assert shown._slow is None
    assert "begun" not in out.getvalue()


def test_on_a_terminal_the_spinner_says_it() -> None:
    """No line that a step has begun: the sign of life names it."""
    out = StringIO()
    with RunConsole(Console(file=out, width=200, force_terminal=True), PLAN, slow_s=0.01) as shown:
        shown(event("start", 0))
        until_said(out, "nothing restarts…")
        shown(event("done", 1))
    assert "has begun" not in out.getvalue()


def test_the_signs_are_explained_once() -> None:
    """Before the first line of the first host; not for a host after it, and not where nothing was shown."""
    out = StringIO()
    console = Console(file=out, width=200)
    with RunConsole(console, PLAN) as shown:
        shown(event("skipped", 0))
        shown(event("skipped", 1))
    with RunConsole(console, PLAN, legend=False) as shown:
        shown(event("skipped", 2))
    with RunConsole(console, PLAN):
        pass
    assert out.getvalue().splitlines()[0] == "✓ made, and holds   · held already   ✗ failed"
    assert out.getvalue().count("held already") == 1
