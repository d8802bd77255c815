"""What fab flows.run shows fits the terminal that it is shown on: no figure is cut, and no name."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from hummii_ops.checks.client.timing import Timing
from hummii_ops.checks.flows.played import Played, StepResult
from hummii_ops.tasks.health.flow_page import show_flows

STEP = StepResult(
    name="list-the-orders-of-ana",
    verdict="pass",
    attempts=20,
    median_ms=4321,
    limit_ms=5000,
    timing=Timing(connect_ms=111, tls_ms=222, first_byte_ms=3333, total_ms=9876),
)


def lines(width: int) -> list[str]:
    out = io.StringIO()
    played = Played(flow="order", verdict="pass", reason="", steps=(STEP,), elapsed_s=1.0)
    show_flows(Console(file=out, width=width), "lab", {"lab-1": [played]}, {"lab-1": []}, "pass")
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("width", "figures"),
    [(120, "20 111 222 3333 9876 4321 5000"), (80, "20 111 222 3333 9876 4321 5000"), (40, "20 4321 5000")],
)
def test_no_figure_is_cut(width: int, figures: str) -> None:
    """At 80 all times; at 40 how often, the median and the limit, under their headings; the name is whole."""
    said = lines(width)
    assert max(map(len, said)) <= width
    assert "…" not in "".join(said)
    shown = [line for line in said if "5000" in line]
    assert [" ".join(line.split()[-len(figures.split()) :]) for line in shown] == [figures]
    heads = next(line for line in said if "step (ms)" in line)
    assert heads.split()[-3:] == (["slowest", "median", "limit"] if width > 40 else ["done", "median", "limit"])
    assert "list-the-orders-of-ana" in "".join(line.split()[0] for line in said[2:-1])
