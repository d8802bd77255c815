"""Whatever is known of a production, the table has one answer; and whether a rollback has helped."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_evidence import after, confirmed, down, series

from hummii_ops.checks.would_help import (
    Advice,
    DatabaseLoad,
    Dependency,
    Evidence,
    Failures,
    HealthSeen,
    HostLoad,
    Load,
    Previous,
    Series,
    ServiceState,
    advise,
    changed,
)
from hummii_ops.checks.would_help.evidence import Room

counted = st.integers(0, 5)

rates = st.floats(0, 1e4)

maybe_float = st.none() | st.floats(0, 1e6, allow_nan=False)

moments = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))

windows = st.lists(st.floats(0, 1e5), max_size=40).map(tuple)

counts = st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))

probes = st.builds(
    Dependency, name=st.just("payments"), answers=st.booleans(), before_ms=maybe_float, now_ms=maybe_float
)

metrics = st.one_of(
    st.builds(
        Series,
        name=st.sampled_from(["a", "b", "c"]),
        unit=st.just("ms"),
        before=windows,
        after=windows,
        controls=st.lists(st.tuples(st.just("w2"), windows), max_size=2).map(tuple),
        limit=maybe_float,
        required=st.booleans(),
    ),
    st.builds(Failures, name=st.sampled_from(["e", "f"]), before=counts, after=counts, limit=maybe_float),
)

states = st.builds(
    ServiceState,
    name=st.sampled_from(["api", "postgres", "nginx"]),
    replicas=counted,
    up=counted,
    unhealthy=counted,
    starting=counted,
    restarts=counted,
    oom_killed=st.booleans(),
    looping=st.booleans(),
    changed=st.none() | st.booleans(),
)


def all_floats(kind: type) -> st.SearchStrategy[Any]:
    """Every field of a value that has floats and counts only."""
    return st.builds(kind, **{one.name: maybe_float for one in fields(kind) if "float" in str(one.type)})


anything = st.builds(
    Evidence,
    began_at=moments,
    ended_at=moments,
    database_service=st.none() | st.just("postgres"),
    services=st.none() | st.lists(states, max_size=4).map(tuple),
    health=st.none() | st.builds(HealthSeen, ok=st.booleans(), said=st.just("HTTP 500")),
    previous=st.none() | st.builds(Previous, version=st.none() | st.just("1.0"), healthy=st.none() | st.booleans()),
    metrics=st.none() | st.lists(metrics, max_size=3).map(tuple),
    unavailable=st.lists(st.just("prometheus"), max_size=1).map(tuple),
    load=st.none() | st.builds(Load, rate_before=rates, rate_now=rates, cost_before=maybe_float, cost_now=maybe_float),
    host=st.none() | all_floats(HostLoad),
    database=st.none() | all_floats(DatabaseLoad),
    dependencies=st.none() | st.lists(probes, max_size=2).map(tuple),
    migrations=st.sampled_from([None, "safe", "unsafe", "unknown"]),
    onset_at=moments,
    absent=st.frozensets(st.sampled_from(get_args(Room))),
)


@settings(max_examples=100, deadline=None)
@given(seen=anything, then=anything)
def test_whatever_is_known_there_is_exactly_one_advice(seen: Evidence, then: Evidence) -> None:
    """Never an error, never two: one answer, all thirteen rows with their evidence, and a document."""
    found = advise(seen)
    assert isinstance(found, Advice)
    assert found.helps in ("yes", "no", "unknown")
    assert sorted(one.number for one in found.rows) == list(range(1, 14))
    assert all(one.evidence for one in found.rows)
    json.dumps(found.as_json(), allow_nan=False)
    assert changed(seen, then).verdict in ("improved", "unchanged", "worse", "unknown")


@pytest.mark.parametrize("bad", [(-1.0,), (float("nan"),), (float("inf"),)])
def test_a_value_that_is_no_time_is_no_evidence(bad: tuple[float, ...]) -> None:
    """NaN is not zero, and not a sample: it is refused where it would come in."""
    for where in ("before", "after"):
        with pytest.raises(ValueError, match="no number"):
            Series(name="a", unit="ms", **{where: bad})
    with pytest.raises(ValueError, match="no number"):
        Series(name="a", unit="ms", controls=(("w2", bad),))
    with pytest.raises(ValueError, match="more failed"):
        Failures(name="e", after=(2, 1))


@pytest.mark.parametrize(
    ("before", "now", "verdict", "words"),
    [
        (confirmed(), after(100), "improved", "the rollback helped: orders better"),
        (confirmed(), after(300), "unchanged", "the rollback did not fix it; the cause is probably elsewhere"),
        (confirmed(), after(900), "worse", "worse than before the rollback"),
        (down(), after(100), "improved", "it serves again"),
        (down(), down(), "unchanged", "the rollback did not fix it"),
        (confirmed(), down(), "worse", "starts again and again"),
        (confirmed(), confirmed(metrics=None), "unknown", "too little"),
        (confirmed(), confirmed(metrics=(series(n=5),)), "unknown", "missing"),
    ],
)
def test_after_a_rollback(before: Evidence, now: Evidence, verdict: str, words: str) -> None:
    """Improved, unchanged or worse, in words; unchanged is said aloud; too little is not called unchanged."""
    found = changed(before, now)
    assert found.verdict == verdict
    assert words in found.words
