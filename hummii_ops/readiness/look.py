"""The looks at one host, side by side: its releases closer, its backups, its past rollbacks. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from hummii_ops.errors import HummiiError
from hummii_ops.facts.database.backup import Backup, Backups
from hummii_ops.facts.database.backup_judgement import judge, judge_listed
from hummii_ops.facts.database.read_backups import read_backups, read_contents
from hummii_ops.facts.database.read_migrations import Schema, read_migrations
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.reading.read import read_target
from hummii_ops.facts.release import Release
from hummii_ops.facts.restore_points.releases import releases as find_releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.readiness import backups, host, projection, releases
from hummii_ops.readiness.backups import Read
from hummii_ops.readiness.line import Line, grey, unseen
from hummii_ops.readiness.releases import Closer
from hummii_ops.run.entry import Entry
from hummii_ops.transport import LinkLost, Transport

_AT_ONCE = 6  # reads of one host: more would only wait for its disk


def look(
    transport: Transport, snapshot: Snapshot, environment: Environment, *, entry: Entry, runs_dir: Path
) -> tuple[Line, ...]:
    """All lines of one host whose snapshot was read. Never raises for what a host says, or does not."""
    at_hand = (*host.lines(snapshot, environment.limits),)
    if not snapshot.engine.answers:
        return at_hand
    found = find_releases(snapshot, environment)
    counted = releases.counting(found, snapshot, environment.ready.releases)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=f"ready-{transport.name}") as threads:
        saved = threads.submit(_backups, transport, environment)
        past = threads.submit(lambda: projection.of([*projection.past_runs(snapshot, entry, runs_dir)]))
        images = {one.image_id(environment.version_service) for one in counted} | {
            one.image_id for one in snapshot.service(environment.version_service)
        }
        schema = threads.submit(read_migrations, transport, environment, [one for one in images if one])
        facts = {one.id: threads.submit(read_target, transport, environment, one) for one in counted if one.restorable}
        closer, projected = _closer(facts, counted, schema), past.result()
        return (
            *at_hand,
            *releases.lines(snapshot, environment, found, closer, projected.words),
            projected.line(),
            *saved.result(),
        )


def _closer(facts: dict[str, Future[TargetFacts]], counted: Sequence[Release], schema: Future[Schema]) -> Closer:
    seen, lost = {}, {}
    for one in counted:
        if one.id not in facts:
            continue
        try:
            seen[one.id] = facts[one.id].result()
        except (HummiiError, LinkLost) as error:
            lost[one.id] = f"could not look: {str(error).splitlines()[0]}"
    return Closer(facts=seen, unseen=lost, schema=schema.result())


def _backups(transport: Transport, environment: Environment) -> tuple[Line, ...]:
    if environment.database is None:
        return (grey("backup", "the inventory names no database", source="inventory.yml"),)
    try:
        found = read_backups(transport, environment)
        read = [_read(transport, environment, found, one) for one in backups.meant(found, environment.ready.backups)]
    except (HummiiError, LinkLost) as error:
        why = f"could not look: {str(error).splitlines()[0]}"
        return (unseen("backup", why, "fab backups-db", source="fab backups-db"),)
    return tuple(backups.lines(found, read, environment.ready))


def _read(transport: Transport, environment: Environment, found: Backups, one: Backup) -> Read:
    """By its first bytes; where these do not say no, to its last."""
    judgement = judge_listed(one, found.served)
    if judgement.usable and found.served is not None:
        judgement = judge(one, read_contents(transport, environment, one), found.served)
    return Read(backup=one, judgement=judgement)
