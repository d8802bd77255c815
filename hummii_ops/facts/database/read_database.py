"""Ask a host's PostgreSQL: what stands in the way of a swap, which databases of ours there are, how many rows.

Changes nothing there. The questions are SQL files, the same that a run asks again under its lease.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from hummii_ops.errors import Refused, Unreachable
from hummii_ops.facts.database.read_backups import database_of
from hummii_ops.inventory import Environment
from hummii_ops.transport.protocol import LinkLost, Transport
from hummii_ops.transport.text import printable

_OURS = re.compile(r"hummii-ops (side|prev) \d{8}T\d{6}Z-[a-z-]+-[0-9a-f]{4}")
_LIMIT_S = 60
_COUNT_LIMIT_S = 600
_ASK = """
container=$(database_container "$1" "$2") || { echo "PostgreSQL's container does not run"; exit 1; }
sql | in_database "$container" "$3" "$4" psql -X -qAt -v ON_ERROR_STOP=1 -v "live=$5" 2>&1
"""


@dataclass(frozen=True, kw_only=True)
class OurDatabase:
    """A database that one of our runs made or set aside. `comment`: whose it is, in the words of the swap."""

    oid: int
    name: str
    size_bytes: int
    comment: str

    @property
    def run_id(self) -> str:
        """The run that prepared it."""
        return self.comment.rpartition(" ")[2]

    @property
    def is_aside(self) -> bool:
        """Was it served before, and is kept?"""
        return self.comment.startswith("hummii-ops prev ")


@dataclass(frozen=True, kw_only=True)
class Databases:
    """The served database by its OID (None: there is none of that name), whether it lets clients in, and ours."""

    live_oid: int | None
    live_accepts: bool | None
    ours: tuple[OurDatabase, ...]


def read_obstacles(transport: Transport, environment: Environment) -> tuple[str, ...]:
    """What stands in the way of a swap, in words; nothing if nothing does."""
    return tuple(printable(line) for line in _ask(transport, environment, "obstacles", "postgres", _LIMIT_S))


def read_databases(transport: Transport, environment: Environment) -> Databases:
    """The served one and ours: by name pattern *and* comment; a database of another's making is never among them."""
    live: int | None = None
    live_accepts: bool | None = None
    ours = []
    for line in _ask(transport, environment, "databases-sized", "postgres", _LIMIT_S):
        oid, name, size, accepts, comment = (*line.split("|", 4), "", "", "", "")[:5]
        if name == database_of(environment).name:
            live, live_accepts = int(oid), accepts == "t"
        elif _OURS.fullmatch(comment):
            ours.append(OurDatabase(oid=int(oid), name=name, size_bytes=int(size), comment=comment))
    return Databases(live_oid=live, live_accepts=live_accepts, ours=tuple(ours))


def read_rows(transport: Transport, environment: Environment, then: Mapping[str, int]) -> dict[str, int]:
    """Rows by table of the served database, now, under the names that a backup (`then`) has for them."""
    name = database_of(environment).name
    rows = rows_of("\n".join(_ask(transport, environment, "counts", name, _COUNT_LIMIT_S)))
    if set(then) <= set(rows):
        return rows
    pairs = (line.partition("\t") for line in _ask(transport, environment, "partitions", name, _LIMIT_S))
    return _folded(rows, then, {partition: top for top, _, partition in pairs})


def _folded(rows: Mapping[str, int], then: Mapping[str, int], tops: Mapping[str, str]) -> dict[str, int]:
    """A dump with --load-via-partition-root names only the table at the top: then partitions are counted with it."""
    found: dict[str, int] = {}
    for name, count in rows.items():
        top = tops.get(name, name)
        shown = top if top in then and name not in then else name
        found[shown] = found.get(shown, 0) + count
    return found


def rows_of(text: str) -> dict[str, int]:
    """Lines `N TABLE` as rows by table."""
    lines = (line.split(" ", 1) for line in text.splitlines())
    return {parts[1]: int(parts[0]) for parts in lines if len(parts) == 2 and re.fullmatch(r"\d{1,18}", parts[0])}


def _ask(transport: Transport, environment: Environment, question: str, name: str, limit_s: float) -> list[str]:
    room, database = files("hummii_ops.facts.database"), database_of(environment)
    sql = room.joinpath(f"sql/{question}.sql").read_text(encoding="utf-8")
    script = room.joinpath("backup.sh").read_text(encoding="utf-8")
    script += f"sql() {{ cat <<'HUMMII_SQL'\n{sql}HUMMII_SQL\n}}\n{_ASK}"
    try:
        answer = transport.call(
            script, environment.project, database.service, name, database.user, database.name, limit_s=limit_s
        )
    except LinkLost as lost:
        raise Unreachable(
            f"{transport.name}: {lost.how} while the database was asked; nothing was changed there",
            remedy="try again",
        ) from lost
    said = answer.stdout.decode(errors="replace")
    if answer.exit_code != 0:
        raise Refused(
            f"{transport.name}: {printable(said).strip() or 'the database said nothing'}", remedy="fab status"
        )
    return [line for line in said.splitlines() if line]
