"""A run as people see it, without a terminal and with one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from made_runs import a_plan
from rich.cells import cell_len
from rich.console import Console

from hummii_ops.events import Event
from hummii_ops.steps import Effect, Step
from hummii_ops.telling.console import RunConsole

ROOT = Path(__file__).resolve().parents[3]
START = datetime(2026, 1, 1, tzinfo=UTC)
WAIT = Step(id="settled", title="nothing restarts", effect=Effect.READS, limit_s=5, holds=("x",), act=("x",))
PLAN = a_plan(forward=(WAIT,))


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
    assert out.getvalue().splitlines()[0] == "✓ made, and holds   · already so   ✗ failed"
    assert out.getvalue().count("made, and holds") == 1


def lines_at(
    width: int, *, terminal: bool = True, title: str = "nothing restarts, dies or stops answering"
) -> list[str]:
    out = StringIO()
    plan = replace(PLAN, forward=(replace(WAIT, title=title),))
    with RunConsole(
        Console(file=out, width=width, force_terminal=terminal, soft_wrap=True), plan, legend=False
    ) as shown:
        shown(event("skipped", 0))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    return [line.strip("\r") for line in text.split("\n") if "settled" in line]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (112, "· settled                        nothing restarts, dies or stops answering  already so"),
        (80, "· settled                        nothing restarts, dies or stops an…  already so"),
        (40, "· settled  already so"),
    ],
)
def test_a_line_fits_its_terminal(width: int, line: str) -> None:
    """The title gives way first; the step and its end are always whole, on one line."""
    assert lines_at(width) == [line]
    assert len(line) <= width


def test_the_least_terminal_has_whole_lines() -> None:
    """At 40 columns neither the legend, nor a long step, nor the sign of life takes a second line."""
    out = StringIO()
    step = replace(WAIT, id="keep-before-docker-compose-prod-yml", title="keep what stands there now " * 3)
    plan = replace(PLAN, forward=(step,))
    with RunConsole(Console(file=out, width=40, force_terminal=True, soft_wrap=True), plan) as shown:
        shown(event("start", 0, step.id))
        until_said(out, "keep what")
        shown(event("done", 1, step.id))
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()))
    assert max(map(cell_len, lines)) <= 40, lines
    assert "✓ keep-before-docker-compose-prod-yml  …" in lines


def test_wide_letters_count_as_two() -> None:
    """What a letter takes is what counts, not how many there are."""
    (line,) = lines_at(80, title="何" * 40)
    assert cell_len(line) <= 80
    assert "…" in line


def test_a_log_has_room_for_all() -> None:
    """Without a terminal nothing is cut, whatever width it claims."""
    assert lines_at(40, terminal=False) == [
        "· settled                        nothing restarts, dies or stops answering  already so"
    ]


def in_a_job(code: str, **environ: str) -> tuple[str, str]:
    """What a program of its own prints, in a job of GitHub Actions or not."""
    clean = {key: value for key, value in os.environ.items() if key != "GITHUB_ACTIONS"}
    done = subprocess.run([sys.executable, "-c", code], env=clean | environ, capture_output=True, text=True, cwd=ROOT)
    return done.stdout, done.stderr


SHOWN = """
import sys; sys.path[:0] = ["tests/unit/telling", "tests/unit/run"]
from test_telling_console import PLAN, Console, RunConsole, event
with RunConsole(Console(), PLAN) as shown:
    shown(event("skipped", 0))
"""
FAILS = """
from hummii_ops.errors import Refused
from hummii_ops.tasks.call.frame import of_error
from hummii_ops.tasks.call.way_out import end
end(of_error(Refused("50% of a: b,c\\n::warning::x", remedy="fab status")), "json")
"""


def test_a_job_folds_the_steps() -> None:
    """In GitHub Actions the steps of a host are a group; elsewhere nothing of it is printed."""
    said, _ = in_a_job(SHOWN, GITHUB_ACTIONS="true")
    lines = said.splitlines()
    assert (lines[0], lines[-1]) == ("::group::h: rollback", "::endgroup::")
    assert "::" not in in_a_job(SHOWN)[0]


def test_a_job_has_one_error_at_its_top() -> None:
    """One annotation, on stderr, with what happened and what is next; no text of it becomes a command of its own."""
    out, err = in_a_job(FAILS, GITHUB_ACTIONS="true")
    assert json.loads(out)["error"] == "50% of a: b,c\n::warning::x"
    marked = [line for line in err.splitlines() if line.startswith("::")]
    assert marked == ["::error title=fab%3A refused (3)::50%25 of a: b,c%0A::warning::x%0Anext: fab status"]
    assert "::" not in in_a_job(FAILS)[1]
