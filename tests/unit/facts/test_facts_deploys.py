"""What is believed of the last guarded deploy."""

from __future__ import annotations

import json

import pytest

from hummii_ops.facts.deploys import last_deploy


def line(**changes: object) -> str:
    said = {"schema": "hummii-ops/guarded-deploy/v1", "run": "R", "state": "ended", "touched": False, "exit_code": 0}
    return json.dumps(said | {"since": "2026-11-23T04:00:59.741Z"} | changes)


def test_it_is_as_its_guard_said() -> None:
    """The document is handed on whole."""
    found = last_deploy(line(version="1.1", restore_point="P"), busy=False)
    assert found is not None
    assert (found.state, found.touched, found.exit_code, found.version) == ("ended", False, 0, "1.1")
    assert found.as_json()["restore_point"] == "P"
    assert found.since is not None
    assert found.since.utcoffset() is not None


@pytest.mark.parametrize(("touched", "known"), [(True, True), (False, None)])
def test_one_that_runs_where_nothing_does(touched: bool, known: bool | None) -> None:
    """Its guard was killed: that it was touched stays true, that it was not is no longer known."""
    found = last_deploy(line(state="running", touched=touched, exit_code=None), busy=False)
    assert found is not None
    assert (found.state, found.touched, found.as_json()["touched"]) == ("interrupted", known, known)
    runs = last_deploy(line(state="running", touched=touched, exit_code=None), busy=True)
    assert runs is not None
    assert (runs.state, runs.touched) == ("running", touched)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3", '{"schema": "x"}', line(run=7), "[" * 100_000])
def test_what_cannot_be_read(text: str | None) -> None:
    """Is no deploy, and no error."""
    assert last_deploy(text, busy=False) is None
