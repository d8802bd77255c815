"""What is believed of the last guarded deploy."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from hummii_ops.facts.deploys import DeployFact, last_deploy


def line(**changes: object) -> str:
    said = {"schema": "hummii-ops/guarded-deploy/v1", "run": "R", "state": "ended", "touched": False, "exit_code": 0}
    return json.dumps(said | {"since": "2026-11-23T04:00:59.741Z"} | changes)


def test_it_is_as_its_guard_said() -> None:
    """The document is handed on whole."""
    found = last_deploy(line(version="1.1", restore_point="P"), at_work=None)
    assert found is not None
    assert (found.state, found.touched, found.exit_code, found.version) == ("ended", False, 0, "1.1")
    assert found.as_json()["restore_point"] == "P"
    assert found.since is not None
    assert found.since.utcoffset() is not None


@pytest.mark.parametrize(("touched", "known"), [(True, True), (False, None)])
def test_one_that_runs_where_nothing_does(touched: bool, known: bool | None) -> None:
    """Its guard was killed: that it was touched stays true, that it was not is no longer known."""
    found = last_deploy(line(state="running", touched=touched, exit_code=None), at_work=None)
    assert found is not None
    assert (found.state, found.touched, found.as_json()["touched"]) == ("interrupted", known, known)
    runs = last_deploy(line(state="running", touched=touched, exit_code=None), at_work="R")
    assert runs is not None
    assert (runs.state, runs.touched) == ("running", touched)


def test_another_ones_work_is_not_this_deploys() -> None:
    """A rollback is at work where a guard was killed: the deploy runs no more."""
    found = last_deploy(line(state="running", exit_code=None), at_work="20260301T113000Z-rollback-1a2b")
    assert found is not None
    assert (found.state, found.touched) == ("interrupted", None)


def test_what_it_says_of_the_releases() -> None:
    """What ran before, what was left, and the way back; what is not known, or not of its form, is nothing."""
    releases = {"version": "1.1", "release_before": "1.0", "restore_point": "20260301_110000"}
    identities = {"identity_before": "a" * 64, "identity_after": "b" * 64}
    found = last_deploy(line(**releases, **identities, who="ci", reason="a\x1b[31mb"), at_work=None)
    assert found == DeployFact(
        run="R",
        state="ended",
        touched=False,
        exit_code=0,
        version="1.1",
        who="ci",
        reason="ab",
        since=datetime(2026, 11, 23, 4, 0, 59, 741_000, tzinfo=UTC),
        release_before="1.0",
        identity_before="a" * 64,
        identity_after="b" * 64,
        restore_point="20260301_110000",
        document=found.document if found else {},
    )
    assert (early := last_deploy(line(since="0001-01-01T00:00:00+23:00"), at_work=None)) is not None
    assert early.since is None
    odd = last_deploy(line(since="yesterday", touched="yes", release_before=None, version=3, state="?"), at_work=None)
    assert odd is not None
    assert (odd.since, odd.touched, odd.release_before, odd.version, odd.state) == (None, None, "", "", "interrupted")


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3", '{"schema": "x"}', line(run=7), "[" * 100_000])
def test_what_cannot_be_read(text: str | None) -> None:
    """Is no deploy, and no error."""
    assert last_deploy(text, at_work=None) is None
