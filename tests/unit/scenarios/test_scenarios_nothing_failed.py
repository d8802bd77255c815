"""What the page of a failed deployment says where no failure is to be seen."""

from __future__ import annotations

from dataclasses import replace

from facts_stacks import snapshot

from hummii_ops.scenarios.deployment_failure import nothing_failed


def test_a_service_that_still_starts_may_fail_yet() -> None:
    """It is named, and the next word is to ask again."""
    well = snapshot()
    first, *rest = well.containers
    starts = replace(well, containers=(replace(first, health="starting"), *rest))
    refused = nothing_failed([well, starts])
    assert f"{first.service}: still starting" in refused.what
    assert refused.remedy.startswith("the same again in half a minute")


def test_where_all_is_well_it_is_another_page() -> None:
    """No word of starting."""
    refused = nothing_failed([snapshot()])
    assert refused.what == "no point of failure is to be seen, so nothing was rolled back"
    assert "fab critical-bug" in refused.remedy
