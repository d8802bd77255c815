"""The cases on the lab are made from steps that were learned there: they are still those."""

from __future__ import annotations

import os
from typing import Any

import pytest
from harness import Stage
from known_steps import known, names, write

pytestmark = pytest.mark.faults


def test_the_steps_are_known(opened: Any, stage: Stage) -> None:
    """The plan has exactly the steps from which the cases are drawn; HUMMII_FAULTS=learn writes them anew."""
    asked = os.environ.get("HUMMII_FAULTS")
    if asked in ("all", "every", "learn"):
        found = opened.learned()
        if asked == "learn":
            write(found)
        assert names(found) == names(known())
        return
    stage.set()
    plan = stage.operator.fab("rollback", "--latest", "--dry-run").ended(0).document["plans"][0]
    planned = [(list_, one["id"]) for list_ in ("forward", "back") for one in plan[list_]]
    assert planned == names(known())["rollback"]
