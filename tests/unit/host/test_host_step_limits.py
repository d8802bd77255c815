"""A step that came back from a file has a limit in whole seconds, or it is no step."""

from __future__ import annotations

import pytest

from hummii_ops.steps import Effect, Step


@pytest.mark.parametrize("limit", [float("inf"), 1.5, "5", None])
def test_a_limit_is_whole_seconds(limit: object) -> None:
    step = Step(id="look", title="look", effect=Effect.READS, limit_s=5, holds=("true",), act=("true",))
    with pytest.raises(ValueError, match="not a number of seconds"):
        Step.from_json(step.as_json() | {"limit_s": limit})
