"""fab rollback: code, images and configuration back to a release, on every host of the environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hummii_ops.errors import ExitCode, UsageError
from hummii_ops.facts.restore_points.choose import checked
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import FORMATS_OF_A_RUN, command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site

if TYPE_CHECKING:  # loaded when a call needs it, and while the hosts are read
    from hummii_ops.tasks.code.going_back import CodeWish

_HELP = {
    "latest": "to the newest release that was proven good before what runs now",
    "to": "to this release: a restore point's timestamp, a version, or the beginning of one (1.1 never means 1.10)",
    "list": "show the restore points, and do nothing",
    "health_timeout": "seconds to wait for health (default: from the healthchecks, at least 60)",
    "settle": "seconds for which everything must stay up and healthy (default: the inventory's)",
    "keep_env": "keep today's env files, instead of those of the release",
    "despite_schema": "go on although the release's code cannot serve the database as it is; the run records it",
    "stop_deploy": "end a guarded deploy that is at work, and then go back; the deploy's record says who did it",
    "with_db": "bring the database back as well, to this backup: a name, a timestamp, or latest",
    "format": "text for people, or json: one document on stdout; jsonl: before it each event of the run as it comes, "
    "a line each; with --dry-run also sh: the plan as commands for a person",
}


@command("rollback", changes=True, help=_HELP, formats=(*FORMATS_OF_A_RUN, "sh"))
def rollback(
    _context: Any,
    latest: bool = False,
    to: str | None = None,
    list: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    reason: str = "",
    health_timeout: int = 0,
    settle: int = -1,
    keep_env: bool = False,
    despite_schema: bool = False,
    with_db: str | None = None,
    wait: int = 0,
    stop_deploy: bool = False,
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Bring production back to a release: --latest for the last good one, or --to=RELEASE. Proven, and undoable."""
    environment = session.choose(env)
    if latest and to is not None:
        raise UsageError("--latest and --to name two targets; say one of them", remedy="which there are: fab releases")
    if settle < -1 or health_timeout < 0 or wait < 0:
        raise UsageError("--settle, --health-timeout and --wait are seconds, from 0 up")
    if to is not None:
        checked(to)  # what can never be a release is wrong usage, whoever is at work and whether or not a host answers
    if with_db is not None and yes and not reason:
        raise UsageError("--with-db: --yes stands for the typed name only with a reason", remedy='add --reason="…"')
    if with_db is not None and (keep_env or wait or stop_deploy or format == "sh"):
        raise UsageError(
            "--with-db goes without --keep-env, --wait, --stop-deploy and --format=sh",
            remedy="the code first, with them; then the database: fab rollback-db --backup=latest",
        )
    if format == "sh" and not dry_run:
        raise UsageError("--format=sh is for reading a plan: it goes with --dry-run", remedy="add --dry-run")
    if not dry_run and not list and (latest or wait):  # with --to, a release that is not there is said first
        session.can_ask(yes=yes, what="rollback")
    if list or (not latest and to is None):
        return _list(session.reach(environment, limit), ExitCode.DONE if list else ExitCode.USAGE)
    sites = session.reach(environment, limit, look=True)  # the hosts are read while the rest is loaded
    from hummii_ops.plans.rollback import Options
    from hummii_ops.tasks.code.going_back import CodeWish, go_back

    options = Options(
        health_timeout_s=health_timeout or None,
        settle_s=None if settle < 0 else settle,
        keep_env=keep_env,
        despite_schema=despite_schema,
    )
    wish = CodeWish(
        to=to,
        dry_run=dry_run,
        yes=yes,
        reason=reason,
        wait_s=wait,
        stop_deploy=stop_deploy,
        as_sh=format == "sh",
        options=options,
    )
    return go_back(wish, sites) if with_db is None else _with_db(with_db, wish, sites)


def _list(sites: Sequence[Site], exit_code: ExitCode) -> Reply:
    from hummii_ops.tasks.code.releases import releases_reply

    return releases_reply(sites, exit_code=exit_code)


def _with_db(backup: str, code: CodeWish, sites: Sequence[Site]) -> Reply:
    from hummii_ops.facts.database.choose_backup import checked as checked_backup
    from hummii_ops.tasks.database.both_plans import Wish
    from hummii_ops.tasks.database.bring_back import bring_back

    wish = Wish(
        backup=checked_backup(backup),
        to=code.to,
        latest=code.to is None,
        dry_run=code.dry_run,
        yes=code.yes,
        reason=code.reason,
        options=code.options,
    )
    return bring_back(wish, sites)


ALL = (rollback,)
