"""Could each kept release be gone back to today? Pure: the plan of that rollback is made, and thrown away.

Never counts a release that nobody would go back to: what runs, what is marked bad, what never ran.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hummii_ops.errors import Refused
from hummii_ops.facts.database.read_migrations import Schema
from hummii_ops.facts.reading.parse_target import TargetFacts
from hummii_ops.facts.release import Release
from hummii_ops.facts.restore_points.choose import choose_latest, never_ran
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans import rollback, schema_check
from hummii_ops.plans.plan import Plan
from hummii_ops.plans.rollback import Options
from hummii_ops.readiness.line import Line, green, grey, red, yellow
from hummii_ops.transport.text import printable

_SEEN = "fab releases"


@dataclass(frozen=True, kw_only=True)
class Closer:
    """The closer look at the releases that count: `facts` by id, what stopped a look by id, and the database's word."""

    facts: Mapping[str, TargetFacts]
    unseen: Mapping[str, str]
    schema: Schema


def counting(found: Sequence[Release], snapshot: Snapshot, most: int) -> tuple[Release, ...]:
    """The releases that must be fit to go back to, newest first: at most so many."""
    return tuple(one for one in found if _no_target(one, snapshot) is None)[:most]


def _no_target(one: Release, snapshot: Snapshot) -> str | None:
    """Why nobody would go back to it, though nothing is wrong with it."""
    if one.running:
        return "it is what runs"
    if one.at is None or one.at > snapshot.read_at:
        return one.unreadable or "its time lies in the future"
    if one.goodness == "bad":
        return "marked bad"
    return "newer than what runs: it never ran" if never_ran(one, snapshot) else None


def lines(
    snapshot: Snapshot, environment: Environment, found: Sequence[Release], closer: Closer, projected: str
) -> Iterator[Line]:
    """What `--latest` means, and each release. `projected`: how long going back takes, in words."""
    yield _latest(snapshot, found)
    counted = counting(found, snapshot, environment.ready.releases)
    yield from _env(counted, snapshot, closer)
    for one in found:
        name = f"release.{one.id}"
        if (why := _no_target(one, snapshot)) is not None:
            yield grey(name, why, source=_SEEN, value=one.version)
        elif one not in counted:
            reason = "; ".join(one.reasons) or "not looked at closely: older than the newest that count"
            yield grey(name, printable(reason), source=_SEEN, value=one.version)
        else:
            yield _release(one, snapshot, environment, closer, projected)


def _latest(snapshot: Snapshot, found: Sequence[Release]) -> Line:
    source = "fab rollback --latest --dry-run"
    if not snapshot.engine.answers:
        return yellow("target", "not known while docker does not answer", "fab status", source=source)
    try:
        choice = choose_latest(found, snapshot)
    except Refused as error:
        if error.run_id is not None:  # already rolled back: the fix is on its way, and --to= still goes
            return yellow("target", error.what, error.remedy, source=source)
        return red(
            "target",
            "there is no release to go back to: see each below",
            'once another release runs: fab snapshot --reason="…" before each deploy keeps one',
            source=source,
        )
    label = choice.release.version or choice.release.id
    if choice.never_proven:
        reason = f"--latest means {label} ({choice.release.id}), which was never proven good"
        todo = 'fab mark --good --release=… --reason="…" if it was; from now on fab verify after each deploy'
        return yellow("target", reason, todo, source=source, value=label)
    return green("target", f"--latest means {label} ({choice.release.id}), proven good", source=source, value=label)


def _env(counted: Sequence[Release], snapshot: Snapshot, closer: Closer) -> Iterator[Line]:
    """Today's env files beside those of the newest release that recorded its own: is a variable gone?"""
    recorded = next((one for one in counted if one.record and one.id in closer.facts), None)
    if recorded is None:
        return
    source = f"diff {recorded.record_dir}/files/.env {snapshot.project_dir.path}/.env"
    gone = closer.facts[recorded.id].env_differs.get("removed", ())
    if gone:
        named = ", ".join(gone)
        reason = f"today's env files lack {named}, which release {recorded.id} had"
        todo = f"if nobody took it away on purpose: set {named} in .env on {snapshot.host_name}"
        yield yellow("env", printable(reason), printable(todo), source=source)
    else:
        yield green("env", f"every variable that release {recorded.id} had is set today", source=source)


def _release(one: Release, snapshot: Snapshot, environment: Environment, closer: Closer, projected: str) -> Line:
    name, host = f"release.{one.id}", snapshot.host_name
    paths = shlex.join([one.path, *([one.record_dir] if one.recorded else [])])
    away = f"on {host}: bring back what it lacks; or give it up: rm -r -- {paths}"
    if not one.restorable:
        return red(name, printable("; ".join(one.reasons)), away, source=_SEEN, value=one.version)
    if one.id in closer.unseen:
        return yellow(name, closer.unseen[one.id], "fab ready, again", source=_SEEN, value=one.version)
    try:
        plan = rollback.build(snapshot, environment, one, closer.facts[one.id], Options(), closer.schema)
    except Refused as error:
        return red(name, error.what, f"{error.remedy}; {away}", source=_SEEN, value=one.version)
    source = f"fab rollback --to={one.id} --dry-run"
    if (schema := _schema(name, one, plan, environment, source)) is not None:
        return schema
    pulled = [service.ref for service in one.services if not service.on_host]
    if pulled:
        reason = f"not on the host, to be pulled by digest: {', '.join(pulled)}"
        return yellow(name, reason, f"on {host}: docker pull {pulled[0]}", source=source, value=one.version)
    if loose := _loose(plan, snapshot):
        todo = f"on {host}: " + "; ".join(f"docker tag {id_} {tag}" for id_, tag in loose.items())
        reason = "its images are there and not pinned: a clean-up may take them"
        return yellow(name, reason, todo, source=source, value=one.version)
    kind = "files, images and schema fit" if one.record else "images and schema fit; env files are today's"
    return green(name, f"{one.goodness}; {kind}; {projected}", source=source, value=one.version)


def _schema(name: str, one: Release, plan: Plan, environment: Environment, source: str) -> Line | None:
    """The database's word, where it is not yes."""
    check = plan.schema_check
    if environment.database is None or check is None or check.code_only == "safe":
        return None
    reason = f"database: {check.code_only}: {schema_check.reasons(check)}"
    todo = (
        f"know it: the code alone would be refused; fab rollback --to={one.id} --with-db=latest takes both back"
        if check.code_only == "unsafe"
        else "see why it cannot be told: fab status"
    )
    return yellow(name, reason, todo, source=source, value=one.version)


def _loose(plan: Plan, snapshot: Snapshot) -> dict[str, str]:
    """Images of the target without a pin of ours: id → the tag that pins it."""
    tags = {tag for image in snapshot.images for tag in image.tags}
    pins = {
        one.image_id: f"hummii-ops/keep:{one.image_id.removeprefix('sha256:')[:12]}" for one in plan.target.services
    }
    return {image_id: tag for image_id, tag in pins.items() if tag not in tags}
