"""Would a rollback help? Each row of the table, what just misses it, their order, and what it says afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from known_evidence import (
    BEGAN,
    BLOCKED,
    BUSY,
    MINUTE,
    NEW_QUERY,
    SLOW,
    confirmed,
    down,
    said,
    series,
    service,
    times,
)

from hummii_ops.checks.would_help import (
    DatabaseLoad,
    Dependency,
    Evidence,
    Failures,
    HealthSeen,
    HostLoad,
    Load,
    OtherChange,
    Previous,
    advise,
)


def errors(before: int, after: int, *, of: int) -> Failures:
    return Failures(name="errors", before=(before, of), after=(after, of), limit=0.01)


def matched(seen: Evidence, row: int) -> bool:
    return next(one for one in advise(seen).rows if one.number == row).says is not None


MINOR = series(limit=1000)

FLAT_API = HostLoad(cpu_some=80, outside_cpu=5, api_cpu_before=9, api_cpu_now=9)

SLOW_QUERY = DatabaseLoad(slowest_statement_ms=2400, new_share=0.9, new_statement="SELECT 2", new_statement_ms=2400)

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
