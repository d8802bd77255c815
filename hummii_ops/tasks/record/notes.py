"""Tasks that only record: snapshot, adopt, mark, hold, unhold. They never ask."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from hummii_ops.errors import HummiiError, Refused, UsageError
from hummii_ops.facts.restore_points.choose import find
from hummii_ops.facts.restore_points.releases import releases as find_releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans.before import state_of
from hummii_ops.run import restore_point
from hummii_ops.run.ship import lines
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.each import on_each
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.record.expiry import moment_of
from hummii_ops.transport import LinkLost


@command("snapshot", changes=True)
def snapshot(
    _context: Any, reason: str = "", limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """Record what runs now as a restore point: compose file, env files, image ids; and pin its images."""
    if not reason.strip():
        raise UsageError("a snapshot needs a reason", remedy='fab snapshot --reason="before the big import"')
    return _snapshot("snapshot", reason, limit, env)


@command("adopt", changes=True)
def adopt(
    _context: Any, reason: str = "", limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """The first snapshot of a stack that this tool never touched; then says what can be rolled back there."""
    return _snapshot("adopt", reason or "adopted as it was found", limit, env)


def _snapshot(task: str, reason: str, limit: str | None, env: str | None) -> Reply:
    def record_it(site: Site) -> dict[str, Any]:
        seen = site.snapshot(needs_docker=True)
        record = restore_point.record_of(seen, site.environment, who=session.who(), reason=reason)
        name = restore_point.name_at(seen.read_at, site.environment.compose_file)
        path = restore_point.write(site.entry, site.environment, record, name)
        points = find_releases(seen, site.environment)
        kept = _keep_baseline(site, seen, record["version"])
        return {
            "host": site.host.name,
            "id": name.rsplit("backup-", 1)[1],
            "path": path,
            "version": record["version"],
            "identity": record["identity"],
            "baseline": kept,
            "restorable_before": [one.id for one in points if one.restorable and not one.running],
            "not_restorable": {one.id: list(one.reasons) for one in points if one.reasons},
        }

    made = on_each(session.reach(session.choose(env), limit), record_it)

    def show(console: Console) -> None:
        for one in made:
            how = "" if one["baseline"] else " (how it performs could not be kept)"
            console.print(f"{one['host']}: {one['version']} recorded as {one['id']}{how}", markup=False)
            if task == "adopt":
                _show_adopted(console, one)

    return Reply(kind=task, body={"restore_points": made}, show=show)


def _keep_baseline(site: Site, seen: Snapshot, version: str | None) -> bool:
    """How it performs now, beside the restore point; a stack that cannot be measured has its restore point."""
    from hummii_ops.checks.compared import performance  # here, since no other task of these measures

    try:
        taken = performance.taken(site.transport, seen, site.environment, site.host, version=version)
        if taken is not None:
            site.entry.call("write", f"baselines/{taken.identity}", about=taken.as_text())
    except (HummiiError, LinkLost):
        return False
    return taken is not None


def _show_adopted(console: Console, one: dict[str, Any]) -> None:
    ready = one["restorable_before"]
    console.print(f"  can be rolled back to now: {', '.join(ready) or 'nothing older yet'}", markup=False)
    for point, reasons in one["not_restorable"].items():
        console.print(f"  cannot: {point}: {'; '.join(reasons)}", markup=False)
    console.print("  next: fab verify (marks this release good), fab releases", markup=False)


@command(
    "mark",
    changes=True,
    help={
        "good": "it is good",
        "bad": "it is bad: --latest will pass it over",
        "release": "which one (default: what runs)",
    },
)
def mark(
    _context: Any,
    good: bool = False,
    bad: bool = False,
    release: str | None = None,
    reason: str = "",
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Say that a release is good or bad; the newest mark wins, and --latest obeys it."""
    if good == bad:
        raise UsageError("say one of --good and --bad", remedy='fab mark --bad --reason="orders fail"')
    word = "good" if good else "bad"

    def mark_it(site: Site) -> dict[str, Any]:
        identity, label = _identity(site, site.snapshot(needs_docker=True), release)
        said = {"mark": word, "who": session.who(), "reason": reason, "since": _now(), "run": "", "version": label}
        about = lines(said)
        site.entry.call("write", f"marks/{identity}", about=about)
        return {"host": site.host.name, "release": label, "identity": identity, "mark": word}

    marked = on_each(session.reach(session.choose(env), limit), mark_it)

    def show(console: Console) -> None:
        for one in marked:
            console.print(f"{one['host']}: {one['release']} is marked {one['mark']}", markup=False)

    return Reply(kind="mark", body={"marked": marked}, show=show)


def _identity(site: Site, seen: Snapshot, release: str | None) -> tuple[str, str]:
    if release is None:
        state = state_of(seen, site.environment.version_service)
        identity, label = state.identity, state.label
    else:
        found = find(find_releases(seen, site.environment), release, seen)
        identity, label = found.identity, found.version or found.id
    if identity is None:
        raise Refused(
            f"{site.host.name}: {label} cannot be told from others (images missing): nothing to mark",
            remedy="fab releases",
        )
    return identity, label


@command("hold", changes=True, help={"expires": "when it ends by itself: 90min, 4h, 2d, or 2026-11-24T08:00Z"})
def hold(
    _context: Any,
    reason: str = "",
    expires: str = "",
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Hold guarded deploys until someone lifts it, or until it expires."""
    if not reason.strip():
        raise UsageError("a hold needs a reason", remedy='fab hold --reason="1.1 is broken, see the incident"')
    until = moment_of(expires, now=datetime.now(UTC)) if expires else None
    until_ms = str(int(until.timestamp() * 1000)) if until else ""
    about = lines({"run": "-", "who": session.who(), "reason": reason, "since": _now(), "until": until_ms})
    on_each(session.reach(session.choose(env), limit), lambda site: site.entry.call("write", "hold", about=about))
    words = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "until someone lifts it: fab unhold"
    return Reply(
        kind="hold",
        body={"held": True, "until": until.isoformat() if until else None},
        show=lambda console: console.print(f"deploys are held {words}", markup=False),
    )


@command("unhold", changes=True)
def unhold(
    _context: Any, reason: str = "", limit: str | None = None, env: str | None = None, format: str = "text"
) -> Reply:
    """Lift the hold, so that guarded deploys may run again."""
    about = lines({"who": session.who(), "reason": reason})
    on_each(session.reach(session.choose(env), limit), lambda site: site.entry.call("forget", "hold", about=about))
    return Reply(
        kind="unhold", body={"held": False, "until": None}, show=lambda console: console.print("deploys may run again")
    )


def _now() -> str:
    return str(int(time.time() * 1000))


ALL = (snapshot, adopt, mark, hold, unhold)
