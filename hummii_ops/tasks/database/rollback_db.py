"""fab rollback-db: the database back to a backup. Restored and proven beside while all is served; then exchanged."""

from __future__ import annotations

from typing import Any

from hummii_ops.errors import UsageError
from hummii_ops.facts.database.choose_backup import checked
from hummii_ops.facts.database.read_backups import database_of
from hummii_ops.facts.restore_points.choose import checked as checked_release
from hummii_ops.plans.work import Options
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.database.both_plans import Wish
from hummii_ops.tasks.database.bring_back import bring_back

_HELP = {
    "backup": "a path, a name, a timestamp, or latest: the newest that passes all checks",
    "to": "move the code as well, to this release: a restore point's timestamp, a version, or the beginning of one",
    "deep": "prove also that every index has every row (slower)",
    "from_database": "the database that the backup is of, when that is not the one which is served",
    "require_checksum": "a backup without a checksum is not usable",
    "despite_schema": "go on although the code that is to run does not suit the backup's schema; the run records it",
    "no_safety_dump": "no dump of the present database first; it is kept as a database all the same",
    "health_timeout": "seconds to wait for health (default: from the healthchecks, at least 60)",
    "settle": "seconds for which everything must stay up and healthy (default: the inventory's)",
}


@command("rollback-db", changes=True, help=_HELP, formats=FORMATS_OF_A_RUN)
def rollback_db(
    _context: Any,
    backup: str = "",
    to: str | None = None,
    dry_run: bool = False,
    yes: bool = False,
    reason: str = "",
    deep: bool = False,
    from_database: str | None = None,
    require_checksum: bool = False,
    no_safety_dump: bool = False,
    despite_schema: bool = False,
    health_timeout: int = 0,
    settle: int = -1,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Bring the database back to a backup: restored and proven beside, then exchanged in seconds. Undoable."""
    environment = session.choose(env)
    database_of(environment)
    if not backup:
        raise UsageError("say which backup: --backup=NAME or --backup=latest", remedy="see them: fab backups-db")
    checked(backup)
    if to is not None:
        checked_release(to)
    if settle < -1 or health_timeout < 0:
        raise UsageError("--settle and --health-timeout are seconds, from 0 up")
    if yes and not reason:
        raise UsageError("--yes stands for the typed name only with a reason", remedy='add --reason="…"')
    if not dry_run and to is None:  # with --to, a release that is not there is said first
        session.can_ask(yes=yes, what="rollback-db")
    wish = Wish(
        backup=backup,
        to=to,
        dry_run=dry_run,
        yes=yes,
        reason=reason,
        deep=deep,
        safety_dump=not no_safety_dump,
        from_database=from_database,
        require_checksum=require_checksum,
        options=Options(
            health_timeout_s=health_timeout or None,
            settle_s=None if settle < 0 else settle,
            despite_schema=despite_schema,
        ),
    )
    return bring_back(wish, session.reach(environment, limit))


ALL = (rollback_db,)
