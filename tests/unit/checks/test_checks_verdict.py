"""What many looks mean together."""

from __future__ import annotations

from itertools import product

import pytest

from hummii_ops.checks import Judged, Measurement, exit_code_of, worst


def measured(verdict: Judged, **otherwise: object) -> Measurement:
    return Measurement(name="m", verdict=verdict, reason="", source="", **otherwise)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("better", "worse"),
    [*product(["pass", "skipped"], ["inconclusive", "error", "fail"]), ("inconclusive", "error"), ("error", "fail")],
)
def test_the_worst_wins(better: Judged, worse: Judged) -> None:
    """pass < inconclusive < error < fail, in whatever order they come."""
    assert worst([measured(better), measured(worse)]) == worse
    assert worst([measured(worse), measured(better)]) == worse


def test_a_skip_does_not_lower() -> None:
    """A measurement that is skipped with a reason leaves a pass a pass."""
    assert worst([measured("pass"), measured("skipped")]) == "pass"


@pytest.mark.parametrize("verdicts", [(), ("skipped",)])
def test_silence_is_no_pass(verdicts: tuple[Judged, ...]) -> None:
    """Where nothing was judged, nothing is proven."""
    assert worst([measured(one) for one in verdicts]) == "inconclusive"


def test_an_advisory_look_is_shown_only() -> None:
    """A look that is not critical cannot lower the verdict."""
    assert worst([measured("pass"), measured("fail", critical=False)]) == "pass"


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("fail", 7), ("error", 10), ("inconclusive", 10)])
def test_exit_codes(verdict: Judged, code: int) -> None:
    """0 healthy, 7 not healthy, 10 not known."""
    assert exit_code_of(verdict) == code  # type: ignore[arg-type]


def test_json_says_how_to_repeat_the_look() -> None:
    """Each measurement carries value, limit, n, window, reason and source."""
    said = measured("fail", value=3, limit=0, unit="lines", window_s=600, samples=40).as_json(host="prod-1")
    assert said == {
        "name": "m", "host": "prod-1", "verdict": "fail", "value": 3, "unit": "lines", "limit": 0, "n": 40,
        "window": 600, "critical": True, "reason": "", "source": "",
    }  # fmt: skip
