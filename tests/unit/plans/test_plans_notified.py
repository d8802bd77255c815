"""The checklist's line about stakeholders: which channels, or that there are none."""

from __future__ import annotations

from hummii_ops.plans.checklist import checklist
from hummii_ops.plans.schema_check import SchemaCheck


def test_the_checklist_names_the_channels() -> None:
    """Skipped without any, as before; else who tells, and through what."""
    without, told = checklist((), SchemaCheck())[3], checklist((), SchemaCheck(), ("team", "bosses"))[3]
    assert without.words == told.words == "Notify stakeholders"
    assert without.skipped == "no channel configured"
    assert (told.skipped, told.steps, told.found) == (None, ("telling",), "team, bosses")
