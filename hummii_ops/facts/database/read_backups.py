"""Ask a host for its database's backups: all of them by their first bytes, or one to its last.

Never changes anything there, and never takes silence for an answer.
"""

from __future__ import annotations

from importlib.resources import files

from hummii_ops.errors import Refused, Unreachable, UsageError
from hummii_ops.facts.database.backup import Backup, Backups, Contents
from hummii_ops.facts.database.parse_backups import parse_backups, parse_contents
from hummii_ops.inventory import Environment
from hummii_ops.inventory.stack_settings import Database
from hummii_ops.transport.protocol import LinkLost, Transport

_LIST_LIMIT_S = 120
# A slow disk reads 20 MB/s, and what is unpacked may be ten times as long.
_LOOK_LIMIT_S, _LOOK_BYTES_PER_S = 60, 2_000_000


def database_of(environment: Environment) -> Database:
    """What the inventory says of the database; raises UsageError if it says nothing."""
    if environment.database is None:
        raise UsageError(
            f"the inventory names no database for {environment.name}",
            remedy="add database: {service: postgres, name: …, user: …} to the environment in inventory.yml",
        )
    return environment.database


def folder_of(environment: Environment) -> str:
    """The folder of the database's backups, absolute on the host."""
    return f"{environment.project_dir}/{database_of(environment).backups_dir}"


def check_sql(database: Database | None) -> str:
    """The user's own SQL that a restored database must pass, "" for none; raises UsageError if it cannot be read."""
    path = database.check_sql if database else None
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"database.check_sql cannot be read: {error}", remedy="mend it in inventory.yml") from error


def script() -> str:
    """What is asked."""
    room = files("hummii_ops.facts.database")
    return "".join(room.joinpath(name).read_text(encoding="utf-8") for name in ("backup.sh", "backups.sh"))


def read_backups(transport: Transport, environment: Environment) -> Backups:
    """Every backup by its first bytes, and the database that is served. Raises Unreachable without a whole answer."""
    database, folder = database_of(environment), folder_of(environment)
    words = ("list", environment.project, database.service, database.name, database.user, folder)
    answer = _ask(transport, words, limit_s=_LIST_LIMIT_S)
    return parse_backups(answer, host_name=transport.name, folder=folder, database=database.name)


def read_contents(transport: Transport, environment: Environment, backup: Backup) -> Contents:
    """One backup to its last byte; only one whose kind is known. Raises Refused if PostgreSQL's container is away."""
    kind = backup.recognised.kind
    if kind is None or backup.lies not in ("file", "folder"):
        raise ValueError(f"{backup.path} is no backup")
    seconds = _LOOK_LIMIT_S + backup.size_bytes // _LOOK_BYTES_PER_S
    service, wrap = database_of(environment).service, backup.recognised.wrap
    words = ("look", environment.project, service, kind, wrap, backup.path, str(seconds))
    answer = _ask(transport, words, limit_s=2 * seconds)  # its sum and its wrap are read before
    contents = parse_contents(answer, host_name=transport.name)
    if contents is None:
        raise Refused(
            f"{transport.name}: PostgreSQL's container does not run, and its tools are what reads a backup",
            remedy="start it (docker compose up -d postgres), or see why it is down: fab status",
        )
    return contents


def _ask(transport: Transport, words: tuple[str, ...], *, limit_s: float) -> bytes:
    try:
        return transport.call(script(), *words, limit_s=limit_s).stdout
    except LinkLost as lost:
        raise Unreachable(
            f"{transport.name}: {lost.how} while the backups were read; nothing was changed there",
            remedy="try again",
        ) from lost
