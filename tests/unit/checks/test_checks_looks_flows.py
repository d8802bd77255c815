"""Flows, blocked sessions and real answers of a host, as evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from built_snapshots import snapshot
from look_samples import BASELINE, BEFORE, BEGAN, ENVIRONMENT, MINUTE, NOW_SLOW, counted, database

from hummii_ops.checks import Measurement
from hummii_ops.checks.database import database_load
from hummii_ops.checks.would_help import Evidence, Failures, advise, failing, looks, traffic
from hummii_ops.checks.would_help.evidence import HostLoad
from hummii_ops.checks.would_help.from_host import with_looks
from hummii_ops.checks.would_help.from_snapshot import of_snapshot, target_of
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.transport import FakeTransport, LinkLost, Result

ANSWERS = Path(__file__).parent / "answers"


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
