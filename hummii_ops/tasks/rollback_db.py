"""fab rollback-db: the database back to a backup. Restored and proven beside while all is served; then exchanged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hummii_ops.errors import ExitCode, HummiiError, Refused, UsageError
from hummii_ops.facts.backup import Backup, Backups, Contents
from hummii_ops.facts.choose import checked as checked_release
from hummii_ops.facts.choose_backup import LATEST, candidates, checked
from hummii_ops.facts.read_backups import database_of, read_backups
from hummii_ops.facts.read_database import rows_of
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans import prepare_db as plan_prepare_db
from hummii_ops.plans import rollback_db as plan_rollback_db
from hummii_ops.plans import schema_check
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.prepare_db import Options as PrepareOptions
from hummii_ops.plans.schema_check import SchemaCheck
from hummii_ops.plans.work import Options
from hummii_ops.run import perform, preflight
from hummii_ops.run.fleet import carry_out
from hummii_ops.run.outcome import Outcome
from hummii_ops.run.ship import new_run_id
from hummii_ops.tasks import backupview, planshow, prepared, session, swapping
from hummii_ops.tasks.database import judged_whole
from hummii_ops.tasks.frame import Reply, command, say
from hummii_ops.tasks.parts import part_of
from hummii_ops.tasks.report import run_reply, watcher
from hummii_ops.tasks.session import Site
from hummii_ops.transport import LinkLost, printable

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


@command("rollback-db", changes=True, help=_HELP)
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
    database = database_of(environment)
    if not backup:
        raise UsageError("say which backup: --backup=NAME or --backup=latest", remedy="see them: fab backups-db")
    checked(backup)
    if to is not None:
        checked_release(to)
    if settle < -1 or health_timeout < 0:
        raise UsageError("--settle and --health-timeout are seconds, from 0 up")
    if yes and not reason:
        raise UsageError("--yes stands for the typed name only with a reason", remedy='add --reason="…"')
    if not dry_run:
        session.can_ask(yes=yes, what="rollback-db")
    site = one_site(session.reach(environment, limit))
    snapshot = site.snapshot(needs_docker=True)
    preflight.check(snapshot)
    code = swapping.code_of(site, snapshot, to)
    swapping.check_free(site)
    found = read_backups(site.transport, environment)
    schema, image = swapping.schema_of(site, snapshot, code)

    def suits(contents: Contents) -> SchemaCheck:
        applied, failed = contents.migrations, contents.failed_migrations
        return schema_check.of_backup(schema, applied, failed, image, despite=despite_schema)

    chosen, contents, passed = _chosen(site, found, backup, suits, from_database, require_checksum)
    options = PrepareOptions(
        deep=deep,
        safety_dump=not no_safety_dump,
        check_sql=_check_sql(database.check_sql),
        code=code[0].id if code else "",
    )
    first = plan_prepare_db.build(snapshot, environment, database, found, chosen, contents, options)
    first = replace(first, warnings=(*first.warnings, *passed))
    ids = new_run_id(plan_prepare_db.TASK), new_run_id(plan_rollback_db.TASK)
    swap_options = Options(health_timeout_s=health_timeout or None, settle_s=None if settle < 0 else settle)

    def swap_plan(now: Snapshot) -> Plan:
        what = swapping.prepared_names(first, ids[0], suits(contents))
        return plan_rollback_db.build(now, environment, database, what, code, swap_options)

    second = swap_plan(snapshot)
    people = say()
    for plan in (first, second):
        planshow.show(people, plan, who=session.who(), reason=reason, dry_run=dry_run)
    if dry_run:
        body = {"plans": [plan.as_json() | {"plan_id": plan.digest} for plan in (first, second)]}
        return Reply(kind="dry-run", body=body, show=planshow.can_run)
    if yes:
        perform.lay_ready(site.place, second, swapping.about_of(plan_rollback_db.TASK, ids[1], site, reason))
    ended = _prepare(site, first, ids, reason, chained=yes)
    if ended.state != "prepared":
        return run_reply("rollback-db", [part_of(site, first)], [ended], session.runs_dir() / ids[0])
    if yes:
        return _follow_swap(site, first, second, ids, ended)
    site = replace(site, transport=site.place.connect())
    now = site.snapshot()
    prepared.show_loss(people, site.host.name, database.name, prepared.loss_now(site, first, now.read_at))
    people.print(f"  later: fab resume --run={ids[0]}; to drop it: fab cancel --run={ids[0]}", markup=False)
    prepared.confirm_by_name(database.name, yes=False)
    return swapping.swap_now(site, first, swap_plan(site.snapshot()), ids[1], reason, ended)


def one_site(sites: Sequence[Site]) -> Site:
    """The one host that is meant. Raises Refused for several: each has a database of its own."""
    if len(sites) > 1:
        names = ", ".join(site.host.name for site in sites)
        raise Refused(
            f"each of {names} has a database of its own, with backups of its own",
            remedy="one host after the other: --limit=NAME",
        )
    return sites[0]


def _chosen(
    site: Site,
    found: Backups,
    text: str,
    suits: Callable[[Contents], SchemaCheck],
    from_database: str | None,
    require_checksum: bool,
) -> tuple[Backup, Contents, list[str]]:
    """The backup that is restored, read to its last byte, and what `latest` passed over. Raises Refused with why."""
    if found.served is None:
        raise Refused(f"{found.host_name}: {found.error}", remedy="fab status")
    passed: list[str] = []
    for one in candidates(found, text):
        if text == LATEST and one.is_safety_dump:
            passed.append(f"passed over {one.name}: a safety dump, of what a rollback left; to use it, name it")
            continue
        say().print(f"{found.host_name}: reading {one.name}, {backupview.size(one.size_bytes)}…", style="dim")
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


def _check_sql(path: Any) -> str:
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"database.check_sql cannot be read: {error}", remedy="mend it in inventory.yml") from error


def _prepare(site: Site, plan: Plan, ids: tuple[str, str], reason: str, *, chained: bool) -> Outcome:
    """The first run; what lies ready for after it is given up where it does not begin. A cut one can be resumed."""
    about = swapping.about_of(plan_prepare_db.TASK, ids[0], site, reason)
    plan = plan_prepare_db.followed_by(plan, ids[1]) if chained else plan
    part = replace(part_of(site, plan), outside=None)
    try:
        (ended,) = carry_out((part,), about, watcher(say(), False))
    except (Refused, HummiiError) as error:
        if chained and error.exit_code is not ExitCode.DETACHED:
            _give_up(site, ids[1])
        raise
    return ended


def _give_up(site: Site, run_id: str) -> None:
    with suppress(HummiiError, LinkLost):
        replace(site.entry, transport=site.place.connect()).call("cancel", run_id)


def _follow_swap(site: Site, first: Plan, second: Plan, ids: tuple[str, str], ended: Outcome) -> Reply:
    """The second run has been begun by the host itself: watch it to its end."""
    place = replace(site.place, transport=site.place.connect())
    part = replace(part_of(site, second), place=place)
    with watcher(say(), False)(second) as listener:
        _, outcome = perform.go_on(place, ids[1], "follow", listener, part.outside)
    if outcome.state == "ready":
        raise Refused(
            f"{site.host.name}: prepared, but the exchange did not begin: it was cut, or somebody else was at work",
            remedy=f"see who is at work: fab status; then: fab resume --run={ids[0]}",
            run_id=ids[0],
        )
    live = rows_of(_mirrored(place, ids[0], "facts/rows-live"))
    loss = prepared.loss_of(dict(first.notes), live, outcome.began_at or site.snapshot().read_at)
    return swapping.swapped_reply("rollback-db", site, part, outcome, ended, loss)


def _mirrored(place: perform.Place, run_id: str, name: str) -> str:
    path = place.folder(run_id) / name
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


ALL = (rollback_db,)
