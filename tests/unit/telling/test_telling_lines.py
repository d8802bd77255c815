"""A run as programs see it: lines that are JSON whatever a host sends, and a reader that nobody waits for."""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from dataclasses import replace
from io import StringIO

from test_telling_console import PLAN, event

from hummii_ops.telling.lines import EventLines, opened, written_to

_MORE_THAN_A_PIPE_HOLDS = 5000


def test_a_line_is_one_line_whatever_a_host_sends() -> None:
    """ASCII without controls: it neither ends early nor turns a screen; what is not known is null."""
    out = StringIO()
    with closing(EventLines(out)) as lines:
        lines.add(PLAN, event("start", 0, "settled"))
        lines.add(PLAN, event("start", 1, "\x1b[2J\u202e\u2028\ud800\x7fmine\n"))
        lines.add(PLAN, replace(event("done", 2, ""), list=""))
    known, hostile, whole = map(json.loads, out.getvalue().splitlines())
    assert out.getvalue().replace("\n", "").isprintable()
    assert (known["title"], hostile["title"], whole["title"]) == ("nothing restarts", None, None)
    assert "mine" in hostile["step"]
    assert (whole["list"], whole["step"], whole["kind"]) == (None, None, "done")


def test_a_reader_that_does_not_read_delays_nothing() -> None:
    """Its pipe is full and stays so: the run goes on. When it has gone, so has what was for it."""
    read, write = os.pipe()
    with os.fdopen(write, "w") as out, closing(EventLines(out)) as lines:
        began = time.monotonic()
        for second in range(_MORE_THAN_A_PIPE_HOLDS):
            lines.add(PLAN, event("start", second))
        assert time.monotonic() - began < 5
        assert lines._writer.is_alive()
        os.close(read)
        lines._writer.join(10)
        assert not lines._writer.is_alive()
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # what is still buffered has a place to go


def test_they_are_written_while_a_task_is_at_work() -> None:
    """And nowhere else."""
    assert opened() is None
    with written_to(StringIO()) as lines:
        assert opened() is lines
    assert opened() is None
    lines.close()
