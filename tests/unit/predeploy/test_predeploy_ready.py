"""The gate `ready`: what stands in the way of a deploy, and what does not."""

from __future__ import annotations

import pytest

from hummii_ops.predeploy.ready import judge


def line(name: str, verdict: str) -> dict[str, str]:
    return {"host": "prod-1", "name": name, "verdict": verdict, "reason": f"{name} is so"}


@pytest.mark.parametrize("target", ["fail", "inconclusive"])
def test_the_fix_may_come(target: str) -> None:
    """After a rollback, and on a stack with one release, --latest has nothing to choose; the reason says so."""
    found = judge([line("host-key", "pass"), line("target", target), line("drill", "skipped")], source="fab ready")
    assert (found.verdict, found.details) == ("pass", ())
    assert found.reason.startswith("2 looks, 0 of them not green; what --latest would choose today does not count")


@pytest.mark.parametrize("verdict", ["fail", "error", "inconclusive"])
def test_all_else_counts(verdict: str) -> None:
    """By the worst of them, each by its host and name."""
    lines = [line("host-key", "pass"), line("target", "pass"), line("disk", verdict), line("channel", "inconclusive")]
    found = judge(lines, source="fab ready")
    assert (found.verdict, len(found.details)) == (verdict, 2)
    assert found.details[0] == "prod-1: disk: disk is so"


def test_nothing_looked_at_is_no_pass() -> None:
    """No line at all is inconclusive."""
    assert judge([line("target", "pass")], source="fab ready").verdict == "inconclusive"
