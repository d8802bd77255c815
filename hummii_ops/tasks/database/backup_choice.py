"""Which backup a rollback of the database takes: read to its last byte, and suited to the code that is to run on it."""

from __future__ import annotations

from collections.abc import Callable

from hummii_ops.errors import Refused
from hummii_ops.facts.amounts import size
from hummii_ops.facts.database.backup import Backup, Backups, Contents
from hummii_ops.facts.database.backup_judgement import Judgement, judge, judge_listed
from hummii_ops.facts.database.choose_backup import LATEST, candidates
from hummii_ops.facts.database.read_backups import read_contents
from hummii_ops.plans import schema_check
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.tasks.call.said import say
from hummii_ops.tasks.call.session import Site
from hummii_ops.transport import printable

# Whether the code that is to run can serve what is in a backup.
Suits = Callable[[Contents], SchemaCheck]


def chosen(
    site: Site, found: Backups, text: str, suits: Suits, *, from_database: str | None, require_checksum: bool
) -> tuple[Backup, Contents, list[str]]:
    """The backup that is restored, read to its last byte, and what `latest` passed over. Raises Refused with why."""
    if found.served is None:
        raise Refused(f"{found.host_name}: {found.error}", remedy="fab status")
    passed: list[str] = []
    for one in candidates(found, text):
        if text == LATEST and one.is_safety_dump:
            passed.append(
                printable(f"passed over {one.name}: a safety dump, of what a rollback left; to use it, name it")
            )
            continue
        reading = printable(f"{found.host_name}: reading {one.name}, {size(one.size_bytes)}…")
        say().print(reading, style="dim", markup=False)
        judgement, contents = judged_whole(site, found, one, from_database, require_checksum)
        reasons = judgement.reasons
        if judgement.usable and contents is not None:
            check = suits(contents)
            if not check.refuses:
                return one, contents, [*passed, *judgement.doubts]
            reasons = (f"the code that is to run cannot serve it: {schema_check.reasons(check)}",)
        passed.append(printable(f"passed over {one.name}: {'; '.join(reasons)}"))
    if text != LATEST:
        raise Refused(f"{found.host_name}: {passed[0].removeprefix('passed over ')}", remedy="see them: fab backups-db")
    raise Refused(
        f"{found.host_name}: no backup can be used; {'; '.join(passed[:3])}", remedy="see them: fab backups-db"
    )


def judged_whole(
    site: Site, found: Backups, one: Backup, from_database: str | None, require_checksum: bool
) -> tuple[Judgement, Contents | None]:
    """A backup by all of it; by its first bytes alone where these say no."""
    listed = judge_listed(one, found.served, from_database=from_database)
    if found.served is None or one.recognised.kind is None or not listed.usable:
        return listed, None
    contents = read_contents(site.transport, site.environment, one)
    judgement = judge(one, contents, found.served, from_database=from_database, require_checksum=require_checksum)
    return judgement, contents
