"""What is looked at on a host, turned into evidence: windows that hold one release, requests, statements, onset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from built_snapshots import NOW, container, snapshot, stack

from hummii_ops.checks import database_load
from hummii_ops.checks.access_log import Requests, Window
from hummii_ops.checks.baseline import Baseline, Samples
from hummii_ops.checks.database_load import Load, Look
from hummii_ops.checks.resources import Resources, Used
from hummii_ops.checks.would_help import Evidence, Failures, Previous, Series, advise, failing, looks, traffic
from hummii_ops.checks.would_help.evidence import HostLoad
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
    said = [failing.since_release(first, last, base, BEGAN) for first, last, base in cases]
    assert said == [True, False, True, True, False, False, False, False]
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
