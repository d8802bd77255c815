"""Would a rollback help? Each row of the table, what just misses it, their order, and what it says afterwards."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hummii_ops.checks.would_help import (
    Advice,
    DatabaseLoad,
    Dependency,
    Evidence,
    Failures,
    HealthSeen,
    HostLoad,
    Load,
    OtherChange,
    Previous,
    Series,
    ServiceState,
    advise,
    changed,
)
from hummii_ops.checks.would_help.advice import ORDER
from hummii_ops.checks.would_help.evidence import Room

BEGAN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def times(median: float, n: int = 60, seed: int = 1, spread: float = 0.2) -> tuple[float, ...]:
    chance = Random(seed)
    return tuple(median * chance.lognormvariate(0, spread) for _ in range(n))


def series(before: float = 100, after: float = 300, n: int = 60, **otherwise: Any) -> Series:
    """Orders, three times as slow as before, and over their limit."""
    one = Series(name="orders", unit="ms", before=times(before), after=times(after, n, 2), limit=250)
    return replace(one, **otherwise)


def errors(before: int, after: int, *, of: int) -> Failures:
    return Failures(name="errors", before=(before, of), after=(after, of), limit=0.01)


def service(name: str = "api", **otherwise: Any) -> ServiceState:
    return replace(ServiceState(name=name, replicas=1, up=1, changed=name == "api"), **otherwise)


GOOD = Previous(version="1.0", healthy=True)
QUIET = HostLoad(cpu_some=1, memory_full=0, io_full=0, steal=0, disk_used=40, inodes_used=5)
CALM = DatabaseLoad(blocked=0, connections=5, max_connections=100, new_share=0.02)


def confirmed(**otherwise: Any) -> Evidence:
    """All was looked at: worse since the release, over the limit, and everything else is well."""
    one = Evidence(
        now=BEGAN + 20 * MINUTE,
        version="1.3",
        began_at=BEGAN,
        ended_at=BEGAN + MINUTE,
        database_service="postgres",
        services=(service(), service("postgres"), service("nginx")),
        health=HealthSeen(ok=True, said="HTTP 200"),
        previous=GOOD,
        metrics=(series(),),
        load=Load(rate_before=10, rate_now=10, cost_before=5, cost_now=15),
        host=QUIET,
        database=CALM,
        dependencies=(Dependency(name="payments", answers=True, before_ms=80, now_ms=82),),
        migrations="safe",
        onset_at=BEGAN + 2 * MINUTE,
        other_changes=(),
    )
    return replace(one, **otherwise)


def down(**otherwise: Any) -> Evidence:
    """The api loops; nothing was measured, as today's one read of a host has it."""
    ill = service(looping=True, restarts=9)
    one = Evidence(services=(ill, service("postgres")), database_service="postgres", previous=GOOD, migrations="safe")
    return replace(one, **otherwise)


def matched(seen: Evidence, row: int) -> bool:
    return next(one for one in advise(seen).rows if one.number == row).says is not None


def said(seen: Evidence) -> tuple[str, str, int | None]:
    found = advise(seen)
    return found.helps, found.code, found.row


MINOR = series(limit=1000)
FLAT_API = HostLoad(cpu_some=80, outside_cpu=5, api_cpu_before=9, api_cpu_now=9)
SLOW_QUERY = DatabaseLoad(slowest_statement_ms=2400, new_share=0.9, new_statement="SELECT 2", new_statement_ms=2400)
BLOCKED = DatabaseLoad(blocked=4, longest_wait_s=30, blocker="psql of admin", new_share=0.0)
NEW_QUERY = DatabaseLoad(slowest_statement_ms=2100, new_share=0.9, new_statement="SELECT … FROM orders")
BUSY = HostLoad(cpu_some=80, outside_cpu=70, api_cpu_before=10, api_cpu_now=10)
SLOW = Dependency(name="payments", answers=True, before_ms=80, now_ms=900, own_before_ms=20, own_now_ms=21)

TABLE: list[tuple[int, Evidence, str, str]] = [
    (1, Evidence(), "unknown", "not-enough-data"),
    (1, confirmed(metrics=None), "unknown", "not-enough-data"),
    (1, confirmed(metrics=(series(n=29),)), "unknown", "not-enough-data"),
    (1, confirmed(metrics=(series(), series(name="logins", n=3))), "unknown", "not-enough-data"),
    (1, confirmed(unavailable=("prometheus",)), "unknown", "not-enough-data"),
    (2, down(), "yes", "down-since-release"),
    (2, down(services=(service(up=0),)), "yes", "down-since-release"),
    (2, down(services=(service(oom_killed=True),)), "yes", "down-since-release"),
    (2, down(services=(service(unhealthy=1),)), "yes", "down-since-release"),
    (2, down(services=()), "yes", "down-since-release"),
    (2, down(services=(service(),), health=HealthSeen(ok=False, said="HTTP 500")), "yes", "down-since-release"),
    (2, down(services=None, health=HealthSeen(ok=False, said="no answer")), "yes", "down-since-release"),
    (2, down(migrations=None), "yes", "down-since-release"),
    (2, down(services=(service(looping=True), service("nginx", up=0, changed=True))), "yes", "down-since-release"),
    (2, down(previous=Previous(version="1.0")), "unknown", "down-previous-unproven"),
    (2, down(previous=Previous(why_none="there is no release")), "no", "nothing-to-go-back-to"),
    (3, confirmed(metrics=(series(controls=(("yesterday", times(310)),)),)), "no", "seasonal"),
    (3, confirmed(load=Load(rate_before=10, rate_now=16, cost_before=5, cost_now=5.5)), "no", "more-load"),
    (4, confirmed(host=BUSY), "no", "host"),
    (4, confirmed(host=HostLoad(steal=6)), "no", "host"),
    (4, confirmed(host=HostLoad(disk_used=96)), "no", "host"),
    (4, confirmed(host=HostLoad(inodes_used=99)), "no", "host"),
    (4, confirmed(host=HostLoad(io_full=11, api_cpu_before=20, api_cpu_now=21)), "no", "host"),
    (4, Evidence(health=HealthSeen(ok=False, said="no answer"), host=HostLoad(broken="docker is away")), "no", "host"),
    (5, confirmed(database=BLOCKED), "no", "database"),
    (5, confirmed(database=replace(BLOCKED, new_share=None, blocker_is_ours=False)), "no", "database"),
    (5, confirmed(database=DatabaseLoad(idle_in_transaction_s=61, new_share=0.1)), "no", "database"),
    (5, confirmed(database=DatabaseLoad(connections=90, max_connections=100, new_share=0.1)), "no", "database"),
    (5, down(services=(service(unhealthy=1), service("postgres", up=0))), "no", "database-down"),
    (6, confirmed(database=NEW_QUERY), "yes", "release-queries"),
    (
        6,
        confirmed(database=replace(BLOCKED, scans_per_request_before=1, scans_per_request_now=3)),
        "yes",
        "release-queries",
    ),
    (
        6,
        confirmed(database=replace(BLOCKED, calls_per_request_before=3, calls_per_request_now=12)),
        "yes",
        "release-queries",
    ),
    (7, confirmed(dependencies=(SLOW,)), "no", "dependency"),
    (7, confirmed(dependencies=(Dependency(name="payments", answers=False),)), "no", "dependency"),
    (7, down(services=(service(), service("nginx", up=0))), "no", "service-down"),
    (8, down(migrations="unsafe"), "yes", "release-with-migrations"),
    (8, confirmed(database=NEW_QUERY, migrations="unsafe"), "yes", "release-with-migrations"),
    (8, confirmed(migrations="unsafe"), "yes", "release-with-migrations"),
    (9, confirmed(), "yes", "worse-since-release"),
    (9, confirmed(database=None, absent=frozenset({"database"})), "yes", "worse-since-release"),
    (
        9,
        confirmed(host=HostLoad(cpu_some=80, outside_cpu=5, api_cpu_before=10, api_cpu_now=70)),
        "yes",
        "worse-since-release",
    ),
    (9, confirmed(metrics=(errors(2, 60, of=900),)), "yes", "worse-since-release"),
    (10, confirmed(metrics=(MINOR,)), "no", "minor"),
    (11, confirmed(onset_at=BEGAN - 15 * MINUTE), "no", "other-change"),
    (
        11,
        confirmed(onset_at=BEGAN + 40 * MINUTE, other_changes=(OtherChange(at=BEGAN + 39 * MINUTE, what="cron"),)),
        "no",
        "other-change",
    ),
    (12, confirmed(metrics=(series(after=115, limit=1000),)), "no", "too-small"),
    (12, confirmed(metrics=(errors(0, 4, of=400),)), "unknown", "perhaps-worse"),
    (13, confirmed(metrics=(series(before=300, after=300),)), "no", "ill-before-too"),
    (13, down(previous=Previous(version="1.0", healthy=False)), "no", "ill-before-too"),
]


@pytest.mark.parametrize(("row", "seen", "helps", "code"), TABLE, ids=[f"row-{row}-{c}" for row, _, _, c in TABLE])
def test_each_row_of_the_table(row: int, seen: Evidence, helps: str, code: str) -> None:
    """What matches it is answered by it: yes, no or unknown, with its code and one command."""
    assert said(seen) == (helps, code, row)
    found = advise(seen)
    assert found.because
    assert found.next_command.startswith("fab ")


NEAR: list[tuple[int, str, Evidence]] = [
    (1, "exactly 30 are enough", confirmed(metrics=(series(n=30),))),
    (1, "more than half have data", confirmed(metrics=(series(), series(name="a"), series(name="b", n=3)))),
    (1, "one that is not required has none", confirmed(metrics=(series(), series(name="b", n=0, required=False)))),
    (1, "a dead api needs no samples", down()),
    (2, "it serves", down(services=(service(),))),
    (2, "it still starts", down(services=(service(starting=1),), health=HealthSeen(ok=False, said="no answer"))),
    (2, "restarted once, and stays up", down(services=(service(restarts=1),))),
    (2, "the one before is bad", down(previous=Previous(version="1.0", healthy=False))),
    (2, "nobody looked for the one before", down(previous=None)),
    (2, "the database is down, unchanged", down(services=(service(looping=True), service("postgres", up=0)))),
    (2, "the schema stays", down(migrations="unsafe")),
    (3, "yesterday was better", confirmed(metrics=(series(controls=(("yesterday", times(100, seed=3)),)),))),
    (3, "too little of yesterday", confirmed(metrics=(series(controls=(("yesterday", times(300, n=5)),)),))),
    (3, "one of two was better", confirmed(metrics=(series(controls=(("a", times(300)), ("b", times(90)))),))),
    (3, "1.4 times the load", confirmed(load=Load(rate_before=10, rate_now=14, cost_before=5, cost_now=5))),
    (3, "each costs more", confirmed(load=Load(rate_before=10, rate_now=30, cost_before=5, cost_now=7))),
    (3, "the cost is not known", confirmed(load=Load(rate_before=10, rate_now=30))),
    (4, "not over", confirmed(host=HostLoad(steal=5, disk_used=95, io_full=10, cpu_some=25))),
    (4, "the api takes it", confirmed(host=HostLoad(cpu_some=80, api_cpu_before=10, api_cpu_now=90))),
    (4, "who takes it is not known", confirmed(host=HostLoad(cpu_some=80))),
    (
        4,
        "another container takes it",
        confirmed(host=HostLoad(cpu_some=80, outside_cpu=5, api_cpu_before=9, api_cpu_now=9)),
    ),
    (4, "a statement is slow by itself", confirmed(host=BUSY, database=SLOW_QUERY)),
    (7, "ten milliseconds are nothing", confirmed(dependencies=(replace(SLOW, before_ms=10, now_ms=25),))),
    (5, "new statements", confirmed(database=replace(BLOCKED, new_share=0.6))),
    (5, "statements and blocker not known", confirmed(database=replace(BLOCKED, new_share=None))),
    (5, "a short wait", confirmed(database=replace(BLOCKED, longest_wait_s=1))),
    (5, "the release changed it", down(services=(service(unhealthy=1), service("postgres", up=0, changed=True)))),
    (6, "new, and no bottleneck", confirmed(database=replace(NEW_QUERY, slowest_statement_ms=20))),
    (6, "a little new", confirmed(database=replace(NEW_QUERY, new_share=0.2))),
    (6, "the schema stays", confirmed(database=NEW_QUERY, migrations="unsafe")),
    (7, "our own part rose too", confirmed(dependencies=(replace(SLOW, own_now_ms=60),))),
    (7, "our own part is not known", confirmed(dependencies=(replace(SLOW, own_now_ms=None),))),
    (7, "no user feels it", confirmed(dependencies=(SLOW,), metrics=(series(after=100),))),
    (8, "not the release", confirmed(migrations="unsafe", onset_at=BEGAN + 60 * MINUTE)),
    (8, "not known", confirmed(migrations="unknown")),
    (9, "eleven minutes after the end", confirmed(onset_at=BEGAN + 12 * MINUTE)),
    (9, "two minutes before", confirmed(onset_at=BEGAN - 2 * MINUTE)),
    (9, "no onset", confirmed(onset_at=None)),
    (9, "nobody looked at the host", confirmed(host=None)),
    (9, "nobody looked at the database", confirmed(database=None)),
    (9, "nobody looked at what we depend on", confirmed(dependencies=None)),
    (9, "no limit is named", confirmed(metrics=(series(limit=None),))),
    (9, "within the limit", confirmed(metrics=(MINOR,))),
    (10, "no limit is named", confirmed(metrics=(series(limit=None),))),
    (10, "over it", confirmed()),
    (11, "fourteen minutes before", confirmed(onset_at=BEGAN - 14 * MINUTE)),
    (11, "another change, hours before", confirmed(other_changes=(OtherChange(at=BEGAN - 300 * MINUTE, what="x"),))),
    (11, "nothing is worse", confirmed(onset_at=BEGAN - 60 * MINUTE, metrics=(series(after=100),))),
    (12, "both", confirmed()),
    (12, "better, and small", confirmed(metrics=(series(before=115, after=100),))),
    (13, "well before", confirmed()),
]


@pytest.mark.parametrize(("row", "why", "seen"), NEAR, ids=[f"row-{row}-{why}" for row, why, _ in NEAR])
def test_what_just_misses_a_row(row: int, why: str, seen: Evidence) -> None:
    """One respect otherwise, and the row does not match; its evidence is there all the same."""
    assert not matched(seen, row), why
    assert all(one.evidence for one in advise(seen).rows)


def test_the_first_row_wins_and_the_dead_api_is_asked_first() -> None:
    """Row 2 before row 1, then in order of their numbers; later ones that match too are kept."""
    assert [row(Evidence()).number for row in ORDER] == [2, 1, *range(3, 14)]
    everything = confirmed(host=BUSY, database=BLOCKED, dependencies=(SLOW,))
    found = advise(everything)
    assert found.row == 4
    assert [one.number for one in found.also] == [5, 7]
    assert said(replace(everything, services=(service(looping=True),)))[2] == 2
    assert said(replace(everything, metrics=None))[2] == 1


def test_what_no_row_explains_is_unknown_with_what_was_not_looked_at() -> None:
    """Worse since the release, and nobody looked at the host: no yes."""
    found = advise(confirmed(host=None))
    assert (found.helps, found.code, found.row) == ("unknown", "not-explained", None)
    assert "not looked at: host" in found.because


def test_nothing_worse_is_a_plain_no() -> None:
    """Everything as before and within its limits."""
    assert said(confirmed(metrics=(series(after=100),))) == ("no", "not-degraded", None)


def test_too_little_of_before_is_not_waited_for() -> None:
    """No time brings it back: what would have kept it is named, and the limits judge alone. Too little of now is."""
    before = advise(confirmed(metrics=(replace(series(), before=()),)))
    assert (before.next_command, "fab snapshot" in before.because) == ("fab verify", True)
    now = advise(confirmed(metrics=(series(n=20),)))
    assert (now.next_command, "10 samples are missing" in now.because) == ("fab diagnose", True)


def test_evidence_is_in_numbers() -> None:
    """Each row says what it saw: n, medians, times, percents."""
    rows = {one.number: one.evidence for one in advise(confirmed(host=BUSY, database=NEW_QUERY)).rows}
    assert "1 of 1 metrics have enough samples" in rows[1]
    assert "the release before, 1.0, is proven good" in rows[2]
    assert "load 10 → 10 requests/s; each 5 → 15 ms of CPU" in rows[3]
    assert "CPU some 80 %" in rows[4]
    assert "api 10 → 10 %" in rows[4]
    assert "new statements take 90% of the time SELECT … FROM orders" in rows[6]
    assert "payments 80 ms → 82 ms" in rows[7]
    assert "it became worse 2 min after the release began, with it" in rows[9]
    assert "n 60 and 60" in rows[10]


def test_advice_never_says_yes_to_code_that_the_schema_forbids_without_saying_so() -> None:
    """Where migrations are unsafe, the command is a dry run, and where they are not known, that is said."""
    for seen in (down(), confirmed(), confirmed(database=NEW_QUERY)):
        unsafe = advise(replace(seen, migrations="unsafe"))
        assert (unsafe.row, unsafe.next_command) == (8, "fab rollback --latest --dry-run")
        assert "schema is not known" in advise(replace(seen, migrations="unknown")).because
        assert "schema" not in advise(seen).because


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


def after(median: float, **otherwise: Any) -> Evidence:
    """Looked at again, after the rollback: `after` is the time since then."""
    return confirmed(metrics=(series(after=median),), **otherwise)


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
