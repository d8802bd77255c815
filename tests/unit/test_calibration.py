"""How often the comparison of latencies is wrong, and how much it finds: as published."""

from __future__ import annotations

from pathlib import Path

from bench import calibration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "statistics.md"


def test_few_false_alarms_and_a_doubling_is_found() -> None:
    """60 points a side, φ .6, log-sd .35, 1,000 seeds: at most 3 % false alarms, at least 95 % of doublings found."""
    assert calibration.share_called_worse(dependence=0.6, factor=1.0) <= 0.03
    assert calibration.share_called_worse(dependence=0.6, factor=2.0) >= 0.95


def test_the_published_figures_are_those_of_the_program() -> None:
    """Each row of docs/statistics.md, made anew."""
    page = PAGE.read_text(encoding="utf-8")
    for dependence in calibration.DEPENDENCES:
        assert calibration.row(dependence) in page
