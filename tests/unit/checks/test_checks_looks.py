"""What is looked at on a host, turned into evidence: windows that hold one release, requests, statements, onset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from built_snapshots import NOW, container, snapshot, stack

from hummii_ops.checks import Measurement, database_load
from hummii_ops.checks.access_log import Requests, Window
from hummii_ops.checks.baseline import Baseline, Samples
from hummii_ops.checks.database_load import Load, Look
from hummii_ops.checks.outside_services import Answered
from hummii_ops.checks.resources import Resources, Used
from hummii_ops.checks.work import Work
from hummii_ops.checks.would_help import Evidence, Failures, Previous, Series, advise, failing, looks, traffic
from hummii_ops.checks.would_help.evidence import Dependency, HostLoad
from hummii_ops.checks.would_help.from_host import with_looks
from hummii_ops.checks.would_help.from_snapshot import of_snapshot, target_of
from hummii_ops.checks.would_help.traffic import Counted
from hummii_ops.facts.snapshot import DiskFact, Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.transport import FakeTransport, LinkLost, Result

ANSWERS = Path(__file__).parent / "answers"
ENVIRONMENT = Environment.model_validate(
    {
        "name": "production",
        "hosts": [{"name": "prod-1", "address": "192.0.2.1"}],
        "proxy": {"service": "nginx"},
        "database": {"name": "hummii", "user": "hummii"},
    }
)
MINUTE = timedelta(minutes=1)
BEGAN = NOW - 20 * MINUTE
PROXY = (("hummii-nginx-1", "ab"),)


def times(median: float, seed: int = 1, n: int = 60) -> tuple[float, ...]:
    chance = Random(seed)
    return tuple(median * chance.lognormvariate(0, 0.2) for _ in range(n))


def counted(median: float = 90, *, since: float, until: float, n: int = 400, seed: int = 1, **more: Any) -> Counted:
    """Requests between two minutes, counted from the release."""
    window = Window(containers=PROXY, since=BEGAN + since * MINUTE, until=BEGAN + until * MINUTE)
    return Counted(window=window, requests=Requests(**{"n": n, "timed": n, "samples": times(median, seed)} | more))


NOW_SLOW = counted(2000, since=1, until=20, seed=2)
BEFORE = counted(since=-30, until=0)
BASELINE = Baseline(
    identity="aa",
    version="1.0",
    at=BEGAN,
    samples=Samples(
        responses={"/api/health": times(5)}, requests=times(100), counted=500, failed=1, statements={"1": (2.0, 9)}
    ),
)


def metrics(now: Counted | None, earlier: Mapping[str, Counted], base: Baseline | None = None) -> dict[str, Any]:
    found = traffic.metrics(now, earlier, {"/api/health": times(6)}, base, ENVIRONMENT)
    return {one.name: one for one in found}


def test_windows_hold_one_release() -> None:
    """Before ends as the release begins; a day on which it ran already, or of an older proxy, is no control."""
    now = NOW_SLOW.window
    year = BEGAN - timedelta(days=300)
    found = traffic.earlier_windows(now, BEGAN, year)
    assert list(found) == ["before", "yesterday", "last week"]
    assert (found["before"].since, found["before"].until) == (BEGAN - 30 * MINUTE, BEGAN)
    assert found["yesterday"].until == now.until - timedelta(days=1)
    assert list(traffic.earlier_windows(now, BEGAN - timedelta(days=2), year)) == ["before", "last week"]
    young = traffic.earlier_windows(now, BEGAN, BEGAN - 5 * MINUTE)
    assert {name: one.since for name, one in young.items()} == {"before": BEGAN - 5 * MINUTE}
    assert traffic.earlier_windows(now, BEGAN, BEGAN) == {}


def test_users_requests_are_compared_with_those_before_the_release() -> None:
    """From one log; else from the baseline; with the limits of the inventory."""
    found = metrics(NOW_SLOW, {"before": BEFORE, "yesterday": counted(since=-1400, until=-1370)})
    time, errors = found["requests.time"], found["requests.errors"]
    assert isinstance(time, Series)
    assert isinstance(errors, Failures)
    assert (time.before, time.after, time.limit) == (BEFORE.requests.samples, NOW_SLOW.requests.samples, 1000)
    assert [name for name, _ in time.controls] == ["yesterday"]
    assert (errors.before, errors.after, errors.limit) == ((0, 400), (0, 400), 0.01)
    assert metrics(NOW_SLOW, {}, BASELINE)["requests.time"].before == BASELINE.samples.requests
    assert metrics(NOW_SLOW, {}, BASELINE)["requests.errors"].before == (1, 500)


def test_without_users_our_own_questions_count() -> None:
    """And with them they are shown, but nothing depends on them."""
    assert metrics(None, {}, BASELINE)["response/api/health"].required
    assert metrics(None, {}, BASELINE)["response/api/health"].before == times(5)
    assert not metrics(NOW_SLOW, {})["response/api/health"].required
    assert set(metrics(counted(since=1, until=20, n=0), {})) == {"response/api/health"}


def test_a_log_that_was_cut_is_no_window() -> None:
    """Docker threw away its beginning, or could not read it."""
    for broken in (counted(since=-30, until=0, kept_from=BEGAN - MINUTE), counted(since=-30, until=0, trouble="no")):
        assert metrics(NOW_SLOW, {"before": broken})["requests.time"].before == ()
        assert traffic.more_load(NOW_SLOW, broken) is None
        assert traffic.onset(NOW_SLOW, broken, BEGAN) is None


def test_a_release_that_served_its_users_well_was_healthy() -> None:
    """Until the next one began, though nobody marked it; not with errors, few requests, or another one in between."""
    one = Previous(version="1.0", directly=True)
    found = traffic.proven(one, BEFORE, None, ENVIRONMENT)
    assert found
    assert found.healthy
    assert "served 400 requests in the 30 min before it, of which 0 failed" in found.words()
    for other in (counted(since=-30, until=0, n=29), counted(since=-30, until=0, failed=5), None):
        assert traffic.proven(one, other, None, ENVIRONMENT) == one
    for kept in (Previous(version="1.0"), Previous(healthy=False, directly=True), Previous(why_none="no"), None):
        assert traffic.proven(kept, BEFORE, None, ENVIRONMENT) == kept


def test_a_baseline_of_a_release_shows_that_it_answered() -> None:
    """Of that release, and with enough answers; of another one it shows nothing."""
    found = traffic.proven(Previous(version="1.0", identity="aa"), None, BASELINE, ENVIRONMENT)
    assert found
    assert found.healthy
    assert "answered 60 questions of ours well, 2026-11-22 11:40 UTC" in found.words()
    for other in (Previous(identity="bb"), Previous(), Previous(identity="aa", healthy=False)):
        assert traffic.proven(other, None, BASELINE, ENVIRONMENT) == other


def test_load_is_requests_by_second() -> None:
    """Of windows of different lengths."""
    found = traffic.more_load(counted(since=1, until=11, n=600), BEFORE)
    assert found
    assert (found.rate_now, round(found.rate_before, 3)) == (1.0, 0.222)
    assert traffic.more_load(None, BEFORE) is None


def test_when_it_became_slower() -> None:
    """At the release; ten minutes after it; before it; or not known, where the log of now begins much later."""
    assert traffic.onset(NOW_SLOW, BEFORE, BEGAN) == BEGAN
    later = counted(since=0, until=20, samples=(*times(90, 3, 30), *times(2000, 4, 30)))
    at = traffic.onset(later, BEFORE, BEGAN)
    assert at
    assert abs(at - (BEGAN + 10 * MINUTE)) <= 2 * MINUTE
    early = counted(since=-30, until=0, samples=(*times(90, 5, 30), *times(2000, 6, 30)))
    at = traffic.onset(NOW_SLOW, early, BEGAN)
    assert at
    assert abs(at - (BEGAN - 15 * MINUTE)) <= 2 * MINUTE
    assert traffic.onset(counted(2000, since=10, until=20), BEFORE, BEGAN) is None


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


def database(*after: dict[str, Any], before: tuple[dict[str, Any], ...] = ()) -> Load:
    def looked(rows: tuple[dict[str, Any], ...]) -> Look:
        kinds: dict[str, tuple[dict[str, Any], ...]] = {}
        for row in rows:
            kinds[row["what"]] = (*kinds.get(row["what"], ()), row)
        return Look(rows=kinds)

    return Load(before=looked(before), after=looked(after))


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


TOTALS = {"1": (1000, 2000.0), "3": (5, 50.0)}


def since(*rows: dict[str, Any], reset: str = "r", minutes: int = 1) -> Any:
    """What is seen in a database, of which TOTALS were kept so many minutes before the release."""
    samples = replace(BASELINE.samples, totals=TOTALS, counted_since="r")
    base = replace(BASELINE, at=BEGAN - minutes * MINUTE, samples=samples)
    marks = ({"what": "statements"}, {"what": "statements-reset", "at": reset})
    quiet = tuple(row for row in rows if row["what"] == "statement")
    return looks.in_database(database(*marks, *rows, before=quiet), base, began_at=BEGAN)


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


def test_flows_are_judged_by_their_limits_alone() -> None:
    """A slow step and a flow that failed are over a limit; what was skipped says nothing."""
    found = {
        one.name: one
        for one in traffic.of_flows(
            (
                look("speed.order.list", "fail", value=2400, limit=1000.0),
                look("speed.order.pay", "inconclusive"),
                look("flow.order", "fail", samples=20, limit="every step"),
                look("flow.chat", "skipped"),
                look("cpu.api", "fail", value=90, limit=80),
            )
        )
    }
    assert set(found) == {"speed.order.list", "flow.order"}
    seen = Evidence(metrics=tuple(found.values()), absent=frozenset({"dependencies"}))
    assert [one.breached for one in seen.gates] == [True, True]
    assert advise(seen).code == "not-enough-data"


def test_flows_that_fail_are_named_with_their_step() -> None:
    """Critical ones, and those that were too slow; no other look, and none that went well."""
    said = Measurement(name="flow.order", verdict="fail", reason="create-order: status 500", source="")
    slow = look("speed.order.list", "fail", value=2400, limit=1000.0)
    others = look("flow.chat", "fail", critical=False), look("cpu.api", "fail"), look("flow.login", "pass")
    assert traffic.failing_flows((said, slow, *others)) == (
        "flow.order: create-order: status 500",
        "speed.order.list:",
    )


def look(name: str, verdict: Any, **more: Any) -> Measurement:
    return Measurement(name=name, verdict=verdict, reason="", source="", **more)


def test_who_blocks_and_who_does_nothing() -> None:
    """A psql is nobody of the stack; of an unnamed session that cannot be told."""
    row = {"what": "blocked", "pid": 7, "waits_s": 30.5, "by": 9, "by_user": "admin", "by_application": "psql"}
    idle = {"what": "transaction", "state": "idle in transaction", "state_s": 61}
    active = {"what": "transaction", "state": "active", "state_s": 900}
    found = looks.in_database(database(row, row | {"pid": 8, "waits_s": 3}, idle, active), None)
    assert (found.blocked, found.longest_wait_s, found.idle_in_transaction_s) == (2, 30.5, 61)
    assert (found.blocker, found.blocker_is_ours) == ("pid 9 (admin, psql)", False)
    assert looks.in_database(database(row | {"by_application": ""}), None).blocker_is_ours is None


def evidence(transport: FakeTransport, one: Snapshot) -> Evidence:
    seen = of_snapshot(one, ENVIRONMENT, *target_of(one, ENVIRONMENT))
    return with_looks(seen, transport, one, ENVIRONMENT, ENVIRONMENT.hosts[0])


def test_a_link_that_goes_is_not_looked_at() -> None:
    """Nothing raises; the answer is unknown, and names what did not answer."""

    def gone(_script: str, _args: tuple[str, ...]) -> Result:
        raise LinkLost("cut")

    found = advise(evidence(FakeTransport(gone), snapshot()))
    assert (found.helps, found.code) == ("unknown", "not-enough-data")
    assert {"host", "database"} <= set(found.not_looked_at)
    assert "the database (could not look" in next(row.evidence for row in found.rows if row.number == 1)


def test_real_answers_of_a_host_become_evidence() -> None:
    """What resources.sh and database_load.sh printed on a real host: a session that waits for somebody's lock."""

    def answer(script: str, _args: tuple[str, ...]) -> Result:
        name = "resources" if "docker stats" in script else "database" if "pg_stat_activity" in script else None
        stdout = (ANSWERS / f"{name}.txt").read_bytes() if name else b"\n@hummii end 0 \n"
        return Result(exit_code=0, stdout=stdout, stderr=b"")

    seen = evidence(FakeTransport(answer), snapshot())
    assert seen.host
    assert (seen.host.cpu_some, seen.host.io_full) == (61.0, 10.49)
    assert seen.database
    assert (seen.database.blocked, seen.database.max_connections) == (2, 97)
    assert seen.database.blocker
    assert database_load.BETWEEN_S > 0


def test_requests_that_fail_since_the_release() -> None:
    """Counted just before it and in its first minutes; or against a baseline of just before; else it is not known."""
    ill = counted(since=1, until=20, failed=40)
    well, ill_before = counted(since=-2, until=0), counted(since=-2, until=0, failed=40)
    fresh, old = replace(BASELINE, at=BEGAN - MINUTE), replace(BASELINE, at=BEGAN - 60 * MINUTE)
    silent = counted(since=-2, until=0, n=0)
    cases = [(ill, well, None), (ill, ill_before, fresh), (ill, None, fresh), (ill, silent, fresh), (ill, None, old)]
    cases += [(ill, None, None), (None, well, fresh), (counted(since=1, until=20), well, None)]
    cases += [(counted(since=120, until=130, failed=40), well, fresh)]  # it has run for three hours
    said = [failing.since_release(first, last, base, BEGAN) for first, last, base in cases]
    assert said == [True, False, True, True, False, False, False, False, False]
    assert failing.last_of(BEFORE.window).since == BEGAN - 2 * MINUTE
    assert failing.first_of(NOW_SLOW.window).until == BEGAN + 11 * MINUTE


def test_too_little_cpu_does_not_make_requests_fail() -> None:
    """Failures that began with the release are no fault of a busy host; those of a full disk are."""
    busy = HostLoad(cpu_some=80, outside_cpu=70)
    rate = Failures(name="requests.errors", before=(0, 400), after=(40, 400), limit=0.01)
    seen = Evidence(
        began_at=BEGAN,
        onset_at=BEGAN,
        metrics=(rate,),
        host=busy,
        migrations="safe",
        absent=frozenset({"database", "dependencies"}),
    )
    assert (advise(seen).row, advise(seen).helps) == (4, "no")
    fails = replace(seen, fails_since_release=True)
    assert (advise(fails).row, advise(fails).helps) == (9, "yes")
    assert advise(replace(fails, host=replace(busy, disk_used=99))).row == 4
    flow = advise(replace(seen, failing=("flow.order: create-order: status 500",)))
    assert (flow.helps, flow.code, flow.next_command) == ("unknown", "not-explained", "fab critical-bug")
    assert flow.because.startswith("flow.order: create-order: status 500; requests.errors worse: ")
    assert advise(replace(seen, failing=("speed.order.list: median 2400 ms",))).row == 4
