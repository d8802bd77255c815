"""What asks the api, while the api is down."""

from __future__ import annotations

import pytest

from hummii_ops.checks import Measurement
from hummii_ops.checks.stack.dependent import without_api


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("service.api", "0 of 1", "inconclusive"),
        ("health.host", "no answer", "inconclusive"),
        ("health.outside", 503, "inconclusive"),
        ("docker", None, "inconclusive"),
        ("health.host", 200, "fail"),  # it answers, as another version
        ("service.nginx", None, "fail"),
        ("release.mark", "bad", "fail"),
    ],
)
def test_an_api_that_is_down_fails_in_its_own_place(name: str, value: str | int | None, verdict: str) -> None:
    """What asks the api is not judged then; what else is ill is no excuse for it."""
    other = Measurement(name=name, verdict="fail", value=value, reason="", source="")
    asked = [
        Measurement(name=one, verdict="fail", reason="", source="") for one in ("flow.order", "response.host/", "oom")
    ]
    flow, response, oom, same = without_api([*asked, other], "api")
    assert (flow.verdict, response.verdict, oom.verdict, same) == (verdict, verdict, "fail", other)
    assert "down" in flow.reason or verdict == "fail"
