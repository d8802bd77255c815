"""What the host, its database and what is outside tell of a release, as evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from built_snapshots import container, snapshot, stack
from look_samples import BASELINE, BEFORE, NOW_SLOW, database, since

from hummii_ops.checks.compared.work import Work
from hummii_ops.checks.requests.outside_services import Answered
from hummii_ops.checks.resources.resources import Resources, Used
from hummii_ops.checks.would_help import looks, traffic
from hummii_ops.checks.would_help.evidence import Dependency
from hummii_ops.facts.snapshot import DiskFact


def test_the_host_in_percent_of_all_cores() -> None:
    """What is not of the stack is what is busy less what its containers use; the fullest disk counts."""
    api = container("api")
    disks = tuple(
        DiskFact(path=path, device=path, total_bytes=100, free_bytes=free) for path, free in (("/", 4), ("/b", 60))
    )
    one = snapshot(*stack(api), disks=disks)
    found = looks.host_load(
        Resources(
            used={api.id: Used(cpu_percent=40, memory_percent=1, memory="")},
            busy_percent=90,
            steal_percent=2,
            pressure={("cpu", "some"): (61, 57), ("io", "full"): (10, 9)},
            load=8,
            cores=4,
        ),
        one,
        "api",
    )
    assert (found.outside_cpu, found.api_cpu_now, found.load_per_core) == (80, 10, 2)
    assert (found.cpu_some, found.io_full, found.memory_full, found.steal) == (61, 10, None, 2)
    assert round(found.disk_used or 0) == 96
    assert found.inodes_used is None
    assert looks.host_load(Resources(), one, "api").outside_cpu is None


def statement(query_id: str, calls: int, ms: float) -> dict[str, Any]:
    return {"what": "statement", "id": query_id, "calls": calls, "ms": ms, "query": f"SELECT {query_id}"}


def test_new_statements_are_those_that_the_baseline_did_not_see() -> None:
    """Their share of the time; without a baseline, or with next to no work, it is not known."""
    load = database(
        {"what": "statements"}, statement("1", 19, 30), statement("2", 4, 2100), before=(statement("1", 9, 20),)
    )
    found = looks.in_database(load, BASELINE)
    assert found.new_share == 2100 / 2110
    assert (found.new_statement, found.slowest_statement_ms) == ("SELECT 2", 525)
    assert looks.in_database(load, None).new_share is None
    assert looks.in_database(database({"what": "statements"}, statement("2", 4, 10)), BASELINE).new_share is None


def test_statements_since_the_release_count_also_when_nothing_is_called_now() -> None:
    """Counted from a baseline that was made just before it; a dump's or a migration's are nobody's work."""
    slow, old = statement("2", 3, 7200), statement("1", 1100, 2200)
    found = since(slow, old, statement("3", 5, 50))
    assert (round(found.new_share, 3), found.new_statement, found.new_statement_ms) == (0.973, "SELECT 2", 2400)
    assert found.slowest_statement_ms == 2400
    assert since(slow | {"theirs": False}, old).new_share == 0
    for unusable in (
        since(slow, old, reset="later"),
        since(slow, statement("1", 9, 20)),  # lost in a crash
        since(slow, old, minutes=31),
    ):
        assert unusable.new_statement_ms is None


def test_work_by_request_against_that_of_before() -> None:
    """Statements, time and scans by request, and the api's CPU; of a few requests nothing."""
    then = Work(requests=100, window_s=4, calls=100, database_ms=200, scans=10, api_cpu_ms=50)
    now = Work(requests=200, window_s=4, calls=400, database_ms=800, scans=10, api_cpu_ms=100)
    base = replace(BASELINE, samples=replace(BASELINE.samples, work=then))
    found = looks.in_database(database(), base, now=now)
    assert (found.calls_per_request_before, found.calls_per_request_now) == (1, 2)
    assert (found.time_per_request_before_ms, found.time_per_request_now_ms) == (2, 4)
    assert (found.scans_per_request_before, found.scans_per_request_now) == (0.1, 0.05)
    assert looks.in_database(database(), base, now=replace(now, requests=19)).calls_per_request_now is None
    load = traffic.more_load(NOW_SLOW, BEFORE, now, base)
    assert load
    assert (load.cost_before, load.cost_now) == (2, 2)
    used = Resources(used={}, cores=2)
    assert looks.host_load(used, snapshot(), "api", base).api_cpu_before == 2.5


def only(found: tuple[Dependency, ...] | None) -> Dependency:
    assert found
    (one,) = found
    return one


def test_what_is_asked_outside_stands_beside_our_own_part() -> None:
    """Less what our own answers may wait for; what was never asked before has no before."""
    quick, slow = Answered(ms=20, said=""), Answered(ms=3000, said="")
    base = replace(
        BASELINE, samples=replace(BASELINE.samples, dependencies={"pay": 20.0}, responses={"/": (50.0,) * 9})
    )
    found = only(looks.dependencies({"pay": slow}, {"/": (3030.0,) * 9}, base))
    assert (found.before_ms, found.now_ms, found.own_before_ms, found.own_now_ms) == (20, 3000, 30, 30)
    found = only(looks.dependencies({"pay": slow}, {"/": (51.0,) * 9}, base))
    assert (found.own_before_ms, found.own_now_ms) == (50, 51)
    found = only(looks.dependencies({"mail": quick}, {}, None))
    assert (found.answers, found.before_ms, found.own_now_ms) == (True, None, None)
    found = only(looks.dependencies({"mail": Answered(ms=None, said="")}, {}, None))
    assert not found.answers
    assert looks.dependencies(None, {}, BASELINE) is None
