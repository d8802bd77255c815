"""What PostgreSQL is doing: two looks at it some seconds apart, in one call. Judged by database_limits.

Between them the api's CPU time is counted too, so that both can be laid to the same requests.

Never resets a counter, and never brings home a value that a customer wrote: statements come without their quoted texts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from hummii_ops.checks.mask import shown
from hummii_ops.facts.frames import Frame, frames
from hummii_ops.inventory import Database, Environment
from hummii_ops.transport import Transport

BETWEEN_S = 4
_LIMIT_S = 60
_MOST_STATEMENTS = 500  # as database_load.sql asks for

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look. `rows` by what they are; `counters` and `statements` count from the server's start, or a reset."""

    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    trouble: str | None = None

    def all(self, what: str) -> tuple[Row, ...]:
        return self.rows.get(what, ())

    def one(self, what: str) -> Row:
        """The first of them; empty if there is none."""
        return next(iter(self.all(what)), {})

    @property
    def at_s(self) -> float:
        """The server's clock, epoch seconds."""
        return float(self.one("end").get("at", 0))


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What one kind of statement did between two looks. `theirs`: of the stack's work, as far as its text tells."""

    query_id: str
    query: str
    calls: int
    total_ms: float
    theirs: bool = True

    @property
    def mean_ms(self) -> float:
        return self.total_ms / self.calls


@dataclass(frozen=True, kw_only=True)
class Load:
    """Both looks. `absent`: the container does not run. `api_cpu_ms`: of one core, in a second; None: not told."""

    before: Look
    after: Look
    absent: bool = False
    api_cpu_ms: float | None = None

    @property
    def window_s(self) -> float:
        return max(self.after.at_s - self.before.at_s, 0)


def script() -> str:
    """What is asked, with its SQL."""
    checks, facts = files("hummii_ops.checks.database"), files("hummii_ops.facts.database")
    sql = checks.joinpath("database_load.sql").read_text(encoding="utf-8")
    text = facts.joinpath("backup.sh").read_text(encoding="utf-8")
    text += f"sql() {{ cat <<'HUMMII_SQL'\n{sql}HUMMII_SQL\n}}\n"
    return text + checks.joinpath("database_load.sh").read_text(encoding="utf-8")


def words(environment: Environment, database: Database) -> tuple[str, ...]:
    """The arguments of `script`."""
    where = (environment.project, database.service, database.name, database.user)
    return (*where, str(BETWEEN_S), environment.version_service)


def read(transport: Transport, environment: Environment, database: Database) -> Load:
    """Ask twice. Raises LinkLost, and Unreachable for an answer that was cut."""
    said = frames(transport.call(script(), *words(environment, database), limit_s=_LIMIT_S).stdout, host=transport.name)
    return Load(
        before=look(said.one("before")),
        after=look(said.one("after")),
        absent=bool(said.all("absent")),
        api_cpu_ms=cpu_ms(said.all("cpu")),
    )


def cpu_ms(seen: Sequence[Frame]) -> float | None:
    """Milliseconds of one core in a second, of two readings "MICROSECONDS CLOCK_MS"; None where one is not there."""
    try:
        (used, at), (used_later, later) = ([int(word) for word in one.text.split()] for one in seen)
    except ValueError:
        return None
    if later <= at or used_later < used:  # a container that was made anew counts from its start
        return None
    return round((used_later - used) / (later - at), 3)


def look(frame: Frame) -> Look:
    """The lines of one look; what is no JSON is psql's own words."""
    rows: dict[str, tuple[Row, ...]] = {}
    said = []
    for line in frame.text.splitlines():
        try:
            row = json.loads(line)
            what = str(row["what"])
        except (ValueError, TypeError, KeyError, RecursionError):
            said.append(line)
            continue
        rows[what] = (*rows.get(what, ()), row)
    trouble = None if "end" in rows else shown(" ".join(said)) or f"psql ended with exit code {frame.exit_code}"
    return Look(rows=rows, trouble=trouble)


def statements(load: Load) -> tuple[Statement, ...] | None:
    """What was called between the looks, the costliest first; None if the server does not count, or was reset."""
    before, after = load.before, load.after
    if not after.all("statements") or before.all("statements-reset") != after.all("statements-reset"):
        return None
    earlier = {row["id"]: row for row in before.all("statement")}
    has_all = len(earlier) < _MOST_STATEMENTS
    found = []
    for row in after.all("statement"):
        if row["id"] not in earlier and not has_all:
            continue  # it may be old, and have been too cheap to be among the first
        then = earlier.get(row["id"], {})
        calls = int(row["calls"]) - int(then.get("calls", 0))
        spent = float(row["ms"]) - float(then.get("ms", 0))
        if calls > 0 and spent >= 0:
            theirs = bool(row.get("theirs", True))
            found.append(Statement(query_id=row["id"], query=row["query"], calls=calls, total_ms=spent, theirs=theirs))
    return tuple(sorted(found, key=lambda one: -one.total_ms))


def totals(seen: Look) -> dict[str, tuple[int, float]]:
    """Calls and ms of each statement since the counters began, by its id."""
    return {row["id"]: (int(row["calls"]), round(float(row["ms"]), 3)) for row in seen.all("statement")}


def counted_since(seen: Look) -> str:
    """When the counters were reset last, in the server's words; "" where it does not count."""
    return str(seen.one("statements-reset").get("at") or "") if seen.all("statements") else ""


def since(seen: Look, then: Mapping[str, tuple[int, float]]) -> tuple[Statement, ...] | None:
    """What was called since these totals, the costliest first; None if the counters have lost some of it."""
    found = []
    for row in seen.all("statement"):
        calls_then, ms_then = then.get(row["id"], (0, 0.0))
        calls, spent = int(row["calls"]) - calls_then, float(row["ms"]) - ms_then
        if calls < 0 or spent < -1:
            return None
        if calls > 0:
            theirs = bool(row.get("theirs", True))
            found.append(
                Statement(query_id=row["id"], query=row["query"], calls=calls, total_ms=max(spent, 0), theirs=theirs)
            )
    return tuple(sorted(found, key=lambda one: -one.total_ms))


def grown(load: Load, what: str, key: str) -> int:
    """How much a counter of the first row of its kind grew; 0 after a reset."""
    return max(int(load.after.one(what).get(key, 0)) - int(load.before.one(what).get(key, 0)), 0)


def scanned(load: Load) -> dict[str, int]:
    """Rows read by scans of whole tables between the looks, by table, most first."""
    then = {row["table"]: int(row["rows"]) for row in load.before.all("scans")}
    now = {row["table"]: int(row["rows"]) - then.get(row["table"], 0) for row in load.after.all("scans")}
    return dict(sorted(((name, rows) for name, rows in now.items() if rows > 0), key=lambda item: -item[1]))


def seconds(row: Row, key: str) -> float:
    """Of a session that we may not see, the times are null."""
    return max(float(row.get(key) or 0), 0)
