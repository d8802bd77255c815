"""What fab rollback says no to before it asks: hosts that would not go to the same release."""

from __future__ import annotations

import pytest

from hummii_ops.errors import Refused
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.tasks.going_back import one_choice


def plan(host: str, label: str, identity: str | None) -> Plan:
    state = StackState(label=label, identity=identity, release_id="20260101_000000", files={}, modes={}, services=())
    return Plan(
        task="rollback",
        environment="e",
        host=host,
        project="p",
        project_dir="/opt/p",
        left=state,
        target=state,
        forward=(),
        back=(),
        expect="",
        expect_files=(),
    )


@pytest.mark.parametrize("second", [("1.0", "bb"), ("0.9", "cc"), ("0.9", None)])
def test_hosts_that_choose_for_themselves_choose_alike(second: tuple[str, str | None]) -> None:
    """--latest that means two releases is refused (3), with each host's choice and how to say which."""
    with pytest.raises(Refused) as refused:
        one_choice([plan("h-1", "1.0", "aa"), plan("h-2", *second)])
    assert "h-1: 1.0" in refused.value.what
    assert f"h-2: {second[0]}" in refused.value.what
    assert "--to=" in refused.value.remedy
    assert "--limit=" in refused.value.remedy


def test_one_release_is_one_choice() -> None:
    """By what the release is; where that cannot be named, by its label."""
    one_choice([plan("h-1", "1.0", "aa"), plan("h-2", "1.0", "aa")])
    one_choice([plan("h-1", "1.0", None), plan("h-2", "1.0", None)])
