"""What PostgreSQL does: read from its answer, compared between two looks, and judged."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from hummii_ops.checks import Measurement, worst
from hummii_ops.checks.database import database_limits
from hummii_ops.checks.database.database_limits import judge
from hummii_ops.checks.database.database_load import Load, Look, cpu_ms, scanned, statements
from hummii_ops.facts.frames import Frame
from hummii_ops.inventory import Environment
from hummii_ops.inventory.limits import Limits
from hummii_ops.transport import FakeTransport, LinkLost, Result

ANSWER = (Path(__file__).parent / "answers" / "database.txt").read_bytes()
BASE = {"name": "e", "hosts": [{"name": "h", "address": "h"}], "database": {"name": "hummii", "user": "hummii"}}
ENVIRONMENT = Environment.model_validate(BASE)
END = {"what": "end", "at": 100}
CONNECTIONS = {"what": "connections", "used": 3, "most": 97}


def measured(stdout: bytes) -> dict[str, Measurement]:
    transport = FakeTransport(lambda _script, _args: Result(exit_code=0, stdout=stdout, stderr=b""))
    return {one.name: one for one in database_limits.measure(transport, ENVIRONMENT)}


def load(*after: dict[str, Any], before: tuple[dict[str, Any], ...] = ()) -> Load:
    def looked(rows: tuple[dict[str, Any], ...], at: int) -> Look:
        kinds: dict[str, tuple[dict[str, Any], ...]] = {}
        for row in (CONNECTIONS, *rows, END | {"at": at}):
            kinds[row["what"]] = (*kinds.get(row["what"], ()), row)
        return Look(rows=kinds)

    return Load(before=looked(before, 95), after=looked(after, 100))


def found(one: Load, **limits: Any) -> dict[str, Measurement]:
    return {each.name: each for each in judge(one, Limits(**limits))}


def test_an_answer_as_it_came_from_a_server_with_a_lock_held() -> None:
    """Who is blocked by whom, for how long, and what was called meanwhile; customers' texts are not in it."""
    seen = measured(ANSWER)
    blocked = seen["database.blocked"]
    assert blocked.samples == 2
    assert "2 wait for a lock: pid " in blocked.reason
    assert "(hummii, psql, active, in its transaction for" in blocked.reason
    assert "pg_sleep" in blocked.reason
    called = seen["database.statements"]
    assert called.samples is not None
    assert called.samples >= 4
    assert "json_build_object" not in called.reason  # what we ask ourselves does not count
    sent = [line.split()[3:] for line in ANSWER.splitlines() if line.startswith(b"@hummii")]
    text = b"".join(b64decode(words[0]) for words in sent if words)
    assert b"item = '\xe2\x80\xa6'" in text
    assert b"honey" not in text
    assert b"ada" not in text.replace(b"adata", b"")


def test_a_quiet_database_is_well() -> None:
    """Everything passes; statements that nobody counts are not called quick."""
    seen = found(load())
    assert seen.pop("database.statements").verdict == "skipped"
    assert {one.verdict for one in seen.values()} == {"pass"}


BLOCKED = {
    "what": "blocked", "pid": 2, "waits_s": 11.0, "query": "q", "by": 1, "by_user": "u", "by_application": "",
    "by_state": "idle in transaction", "by_age_s": 60.0, "by_query": "UPDATE a",
}  # fmt: skip
OPEN = {"what": "transaction", "pid": 1, "user": "u", "application": "a", "state": "active", "query": "q"}


@pytest.mark.parametrize(
    ("row", "name", "breaks"),
    [
        (BLOCKED, "database.blocked", True),
        (CONNECTIONS | {"used": 96}, "database.connections", True),
        (OPEN | {"age_s": 601.0, "state_s": 1.0}, "database.transactions", False),
        (OPEN | {"age_s": 61.0, "state_s": 61.0, "state": "idle in transaction (aborted)"}, "database.idle", False),
        ({"what": "counters", "deadlocks": 1}, "database.deadlocks", False),
    ],
)
def test_a_limit_that_is_broken(row: dict[str, Any], name: str, breaks: bool) -> None:
    """Customers who wait, and connections that run out, break the verdict; the rest is shown."""
    one = load(row)
    if row["what"] == "connections":
        one = Load(before=one.before, after=Look(rows={"connections": (row,), "end": (END,)}))
    seen = found(one)
    assert seen[name].verdict == "fail"
    assert worst(seen.values()) == ("fail" if breaks else "pass")


def test_the_end_of_a_chain_is_named() -> None:
    """Of 3 waiting for 2 waiting for 1, it is 1 that has to go; those in a circle wait for each other."""
    chain = load(BLOCKED, BLOCKED | {"pid": 3, "by": 2, "by_query": "SELECT b"})
    reason = found(chain)["database.blocked"].reason
    assert "2 wait" in reason
    assert "pid 1 " in reason
    assert "SELECT b" not in reason
    circle = load(BLOCKED, BLOCKED | {"pid": 1, "by": 2})
    assert "they wait for each other" in found(circle)["database.blocked"].reason


COUNTED = ({"what": "statements", "n": 1}, {"what": "statements-reset", "at": "t"})


def statement(key: str, calls: int, ms: float) -> dict[str, Any]:
    return {"what": "statement", "id": key, "calls": calls, "ms": ms, "query": f"SELECT {key}"}


def test_statements_are_what_was_called_between_the_looks() -> None:
    """Not what was called since the server began: the differences, by query id, the costliest first."""
    one = load(
        *COUNTED, statement("1", 110, 1100), statement("2", 5, 9000), statement("3", 1, 2500),
        before=(*COUNTED, statement("1", 100, 1000), statement("2", 5, 9000)),
    )  # fmt: skip
    called = statements(one)
    assert called is not None
    assert [(each.query_id, each.calls, each.mean_ms) for each in called] == [("3", 1, 2500), ("1", 10, 10)]
    judged = found(one)["database.statements"]
    assert (judged.verdict, judged.value, judged.samples, judged.window_s) == ("fail", 2500, 11, 5)
    assert not judged.critical


def test_a_statement_that_has_not_ended_counts() -> None:
    """PostgreSQL counts a statement when it ends: one that is slower than our window would hide."""
    one = load(*COUNTED, OPEN | {"age_s": 7.0, "state_s": 7.0}, before=COUNTED)
    judged = found(one)["database.statements"]
    assert (judged.verdict, judged.value) == ("fail", 7000)
    assert "still runs, pid 1" in judged.reason
    assert found(load(*COUNTED, before=COUNTED))["database.statements"].verdict == "skipped"


def test_counters_that_were_reset_are_not_compared() -> None:
    """Somebody else's reset makes the differences nonsense: not measured, or inconclusive where it is required."""
    other = ({"what": "statements", "n": 1}, {"what": "statements-reset", "at": "later"})
    one = load(*other, statement("1", 1, 1), before=(*COUNTED, statement("1", 100, 1000)))
    assert statements(one) is None
    assert found(one)["database.statements"].verdict == "skipped"
    judged = found(one, required=("statements",))["database.statements"]
    assert (judged.verdict, judged.critical) == ("inconclusive", True)


def test_scans_are_differences() -> None:
    """A table that is read whole again and again since a release shows."""
    old = {"what": "scans", "table": "public.orders", "scans": 4, "rows": 200}
    one = load(old | {"rows": 100_200}, {"what": "scans", "table": "b", "scans": 1, "rows": 0}, before=(old,))
    assert scanned(one) == {"public.orders": 100_000}


def test_sessions_of_others_that_we_may_not_see() -> None:
    """A role without the right to look gets nulls: said, and no traceback."""
    hidden = {"what": "state", "state": None, "wait": "", "n": 4}
    row = BLOCKED | {"by_user": None, "by_state": None, "by_age_s": None, "by_query": None, "by_application": None}
    seen = found(load(hidden, row))
    assert "4 of other roles" in seen["database.waits"].reason
    assert seen["database.blocked"].verdict == "fail"


@pytest.mark.parametrize(
    "stdout",
    [
        b"@hummii absent 1 \n@hummii end 0 \n",
        b"@hummii before 2 " + b64encode(b"psql: error: no such role") + b"\n@hummii end 0 \n",
        b"half an answ",
    ],
)
def test_a_database_that_does_not_tell_is_an_error(stdout: bytes) -> None:
    """No container, psql's own error, an answer that was cut: never a pass."""
    seen = measured(stdout)
    assert [(name, one.verdict) for name, one in seen.items()] == [("database.load", "error")]


def test_a_lost_link_and_no_database() -> None:
    """Could not look is an error; nothing named is skipped."""

    def lost(_script: str, _args: tuple[str, ...]) -> Result:
        raise LinkLost("gone")

    (one,) = database_limits.measure(FakeTransport(lost), ENVIRONMENT)
    assert one.verdict == "error"
    without = Environment.model_validate({key: BASE[key] for key in ("name", "hosts")})
    (one,) = database_limits.measure(FakeTransport(lost), without)
    assert one.verdict == "skipped"


@pytest.mark.parametrize(
    ("readings", "ms"),
    [
        (("1000000 5000", "1500000 7000"), 250.0),
        (("1000000 5000", "1000000 9000"), 0.0),
        (("1000000 5000", "20 9000"), None),
        (("1000000 5000", "1500000 5000"), None),
        (("1000000 5000",), None),
        (("1000000 5000", ""), None),
        ((), None),
    ],
)
def test_the_apis_cpu_in_a_second(readings: tuple[str, ...], ms: float | None) -> None:
    """Milliseconds of a core, of the kernel's count at both looks; not of a container that was made anew between."""
    assert cpu_ms([Frame(exit_code=0, data=one.encode()) for one in readings]) == ms
