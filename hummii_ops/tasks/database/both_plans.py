"""The two plans of a rollback of the database: one restores a backup beside, the other one exchanges the names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hummii_ops.errors import Refused
from hummii_ops.facts.database.backup import Contents
from hummii_ops.facts.database.read_backups import check_sql, database_of, read_backups
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.release import Release
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import prepare_db as plan_prepare_db
from hummii_ops.plans import rollback_db as plan_rollback_db
from hummii_ops.plans import schema_check
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.prepare_db import Options as PrepareOptions
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.plans.work import Options
from hummii_ops.run.ship import new_run_id
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.database import swapping
from hummii_ops.tasks.database.backup_choice import Suits, chosen
from hummii_ops.tasks.database.code_choice import Code, code_of


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the operator asked for. `to` and `latest`: the release that the code moves to; neither: it stays."""

    backup: str
    to: str | None = None
    latest: bool = False
    dry_run: bool = False
    yes: bool = False
    reason: str = ""
    deep: bool = False
    safety_dump: bool = True
    from_database: str | None = None
    require_checksum: bool = False
    scenario: str = ""
    options: Options


@dataclass(frozen=True, kw_only=True)
class Both:
    """The two plans for one host, the ids of their runs, and when the host was read."""

    site: Site
    ids: tuple[str, str]
    first: Plan
    second: Plan
    read_at: datetime


def planned(wish: Wish, site: Site, snapshot: Snapshot) -> Both:
    """Choose the backup and the code, and plan both runs. Raises Refused for what stands in the way."""
    environment = site.environment
    database = database_of(environment)
    code = _code(wish, site, snapshot)
    swapping.check_free(site)
    found = read_backups(site.transport, environment)
    suits = _suits(wish, site, snapshot, code.pair)
    backup, contents, passed = chosen(
        site,
        found,
        wish.backup,
        suits,
        from_database=wish.from_database,
        require_checksum=wish.require_checksum,
    )
    options = PrepareOptions(
        deep=wish.deep,
        safety_dump=wish.safety_dump,
        check_sql=check_sql(database),
        code=code.id,
        settle_s=wish.options.settle_s,
        health_timeout_s=wish.options.health_timeout_s,
    )
    first = plan_prepare_db.build(snapshot, environment, database, found, backup, contents, options)
    first = replace(first, warnings=(*first.warnings, *passed))
    ids = new_run_id(plan_prepare_db.TASK), new_run_id(plan_rollback_db.TASK)
    what = swapping.prepared_names(first, ids[0], suits(contents))

    second = plan_rollback_db.build(snapshot, environment, database, what, code.pair, code.told(wish.options))
    return Both(site=site, ids=ids, first=first, second=second, read_at=snapshot.read_at)


def _code(wish: Wish, site: Site, snapshot: Snapshot) -> Code:
    """A release that is not there is said first; then whether anybody can answer, before the backup is read whole."""
    code = code_of(site, snapshot, wish.to, latest=wish.latest)
    if not wish.dry_run:
        session.can_ask(yes=wish.yes, what="rollback-db")
    return code


def _suits(wish: Wish, site: Site, snapshot: Snapshot, code: tuple[Release, TargetFacts] | None) -> Suits:
    """Whether the code that is to run can serve a backup."""
    schema, image = swapping.schema_of(site, snapshot, code)

    def suits(contents: Contents) -> SchemaCheck:
        applied, failed = contents.migrations, contents.failed_migrations
        return schema_check.of_backup(schema, applied, failed, image, despite=wish.options.despite_schema)

    return suits


def one_site(sites: Sequence[Site]) -> Site:
    """The one host that is meant. Raises Refused for several: each has a database of its own."""
    if len(sites) > 1:
        names = ", ".join(site.host.name for site in sites)
        raise Refused(
            f"each of {names} has a database of its own, with backups of its own",
            remedy="one host after the other: --limit=NAME",
        )
    return sites[0]
