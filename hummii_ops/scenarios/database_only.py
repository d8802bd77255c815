"""The page "Database-Only Rollback": a migration causes issues, and the database goes back to a backup.

By hand: stop the api, restore over the served database, roll the migration back, start the api: 30 to 60 minutes, all
of them an outage. Here the page looks, chooses and verifies; one rollback of the database does the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hummii_ops.checks import Measurement, Verdict, worst
from hummii_ops.errors import ExitCode, Refused
from hummii_ops.facts.amounts import age, size
from hummii_ops.facts.database.backup import Backups, schema_head
from hummii_ops.facts.database.backup_judgement import judge_listed
from hummii_ops.facts.database.choose_backup import LATEST, candidates
from hummii_ops.facts.database.read_backups import read_backups
from hummii_ops.facts.database.read_migrations import read_schema
from hummii_ops.facts.release import Release
from hummii_ops.facts.restore_points.choose import choose_latest, choose_to
from hummii_ops.facts.restore_points.releases import releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans import schema_check
from hummii_ops.scenarios import code_back
from hummii_ops.scenarios.broken import error_lines, errors_since, migration_lines, would_come_again
from hummii_ops.scenarios.code_back import Ended, Told
from hummii_ops.scenarios.page import Page
from hummii_ops.transport import Transport, printable

NAME, TITLE, BUDGET_MIN = "database-only", "Database-Only Rollback", (30, 60)
_MOST = 5


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the operator said. `to`: the release that the code moves to as well, None: the page decides."""

    backup: str = LATEST
    to: str | None = None
    dry_run: bool = False


class Hands(Protocol):
    """One host, and what only the room of the tasks can do there: ask people, and show a run while it lasts."""

    @property
    def environment(self) -> Environment: ...
    @property
    def transport(self) -> Transport: ...
    def snapshot(self) -> Snapshot: ...
    def bring_back(self, *, to: str | None, latest: bool) -> Ended:
        """The rollback of the database, with its plan, its loss and its question; `to` or `latest` move the code."""
        ...

    def verify(self) -> tuple[Measurement, ...]: ...
    def keep(self) -> None:
        """Mark what runs as good, as a passing `fab verify` does: the last looks passed."""
        ...


def database_only(page: Page, hands: Hands, asked: Asked) -> Told:
    """The page from its top to its end. Raises what the rollback raises; then nothing was changed."""
    moves = _what_broke(page, hands, asked)
    _which_backup(page, hands, asked)
    ended = hands.bring_back(to=asked.to, latest=moves and asked.to is None)
    if asked.dry_run or not ended.went:
        page.write("The rollback", "pass" if ended.exit_code is ExitCode.DONE else "fail", _how(ended, asked))
        return Told(exit_code=ended.exit_code, run=ended)
    page.write("The rollback", "pass" if ended.exit_code is ExitCode.DONE else "inconclusive", _how(ended, asked))
    return code_back.verified(page, hands, ended, title="Verification")


def _what_broke(page: Page, hands: Hands, asked: Asked) -> bool:
    """Which migrations came, what the logs say since; and whether the code must go back with the database."""
    snapshot, environment = hands.snapshot(), hands.environment
    service = environment.version_service
    running = next((one.image_id for one in snapshot.service(service)), None)
    target, none = _target(snapshot, environment, asked.to)
    image = target.image_id(service) if target else running
    schema = read_schema(hands.transport, environment, snapshot, image)
    check = schema_check.judge(schema, image)
    errors = errors_since(hands.transport, environment, snapshot)
    moves = target is not None and would_come_again(schema, running, check)
    lines = [*migration_lines(check, _named(target)), *error_lines(errors), *([none] if none else [])]
    if moves and asked.to is None:
        lines.append(f"the code goes back as well, to {_named(target)}: what runs would apply that again")
    verdict: Verdict = "fail" if check.extra or check.failed or worst(errors) == "fail" else "inconclusive"
    nothing = "no migration that is newer than the code, and no new error in the logs: is it the database at all?"
    page.write("What broke", verdict, lines or [nothing])
    return moves


def _target(snapshot: Snapshot, environment: Environment, to: str | None) -> tuple[Release | None, str]:
    """The release that what runs is compared with; without one, why there is none."""
    found = releases(snapshot, environment)
    if to is not None:
        return choose_to(found, to, snapshot), ""
    try:
        return choose_latest(found, snapshot).release, ""
    except Refused as none:
        return None, f"no earlier release to compare with: {none.what.splitlines()[0]}"


def _named(release: Release | None) -> str:
    return (release.version or release.id) if release else "the code that runs"


def _which_backup(page: Page, hands: Hands, asked: Asked) -> None:
    """What there is, newest first, and what going back to it would lose; which one it is, the rollback proves."""
    found = read_backups(hands.transport, hands.environment)
    page.write(f"Which backup ({asked.backup})", "pass", _offers(found, asked.backup))


def _offers(found: Backups, text: str) -> Iterator[str]:
    offers = candidates(found, text)
    for one in offers[:_MOST]:
        judged = judge_listed(one, found.served)
        head = schema_head(one.manifest.migrations) if one.manifest else None
        words = f"loses {age(one.at, found.read_at)}, {size(one.size_bytes)}" + (f", schema {head}" if head else "")
        words += "; a safety dump of a rollback" if one.is_safety_dump else ""
        yield printable(f"{one.name}: {words}" if judged.usable else f"{one.name}: cannot be used: {judged.reasons[0]}")
    if len(offers) > _MOST:
        yield f"and {len(offers) - _MOST} older ones: fab backups-db"


def _how(ended: Ended, asked: Asked) -> Iterator[str]:
    said = ended.document
    if asked.dry_run:
        yield f"would serve {said.get('backup')}; {_loss(said)}; this plan can run, and nothing was changed"
    elif ended.went:
        yield f"{said.get('backup')} is served; {_loss(said)}; it can be undone: fab undo"
        outage = said.get("outage_s")
        yield f"outage {outage} s, exchanged in {said.get('swap_ms')} ms" if outage is not None else "outage not known"
    else:
        yield f"it ended as {said.get('verdict')}: nothing of it is served; see above"


def _loss(said: Mapping[str, Any]) -> str:
    window = said.get("loss_window_s")
    when = f"{window} s" if window is not None else "an unknown time"
    return f"lost: {when}, {said.get('rows_newer')} rows that the backup has not"
