"""fab status: what runs, since when, how it is, and who is at work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console

from hummii_ops.facts.releases import releases as find_releases
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.plans.before import version_of
from hummii_ops.tasks import session
from hummii_ops.tasks.frame import Reply, command
from hummii_ops.tasks.releases import age
from hummii_ops.tasks.runview import run_json, shown_state
from hummii_ops.tasks.session import Site
from hummii_ops.transport import printable


@command("status")
def status(_context: Any, limit: str | None = None, env: str | None = None, format: str = "text") -> Reply:
    """What runs on each host, since when, and how it is; who is at work; an unfinished run first."""
    environment = session.choose(env)
    sites = session.reach(environment, limit)
    hosts = [_host(site, site.snapshot()) for site in sites]
    body = {"environment": environment.name} | {k: v for k, v in hosts[0].items() if k != "name"} | {"hosts": hosts}

    def show(console: Console) -> None:
        for host in hosts:
            _show_status(console, environment.name, host)

    return Reply(kind="status", body=body, show=show)


def _host(site: Site, snapshot: Snapshot) -> dict[str, Any]:
    version = version_of(snapshot, site.environment.version_service)
    found = find_releases(snapshot, site.environment) if snapshot.engine.answers else ()
    running = next((one for one in found if one.running), None)
    last, unfinished = snapshot.last_run, snapshot.unfinished_run
    shown = unfinished or last
    return {
        "name": snapshot.host_name,
        "engine": snapshot.engine.server_version,
        "engine_error": snapshot.engine.error,
        "read_at": snapshot.read_at.isoformat(),
        "release": {
            "version": version,
            "restore_point": running.id if running else None,
            "goodness": _goodness(site, snapshot),
            "since": _since(site, snapshot),
            "images": snapshot.running_images(),
        },
        "services": [
            {
                "name": one.service,
                "container": one.name,
                "status": one.status,
                "health": one.health,
                "image": one.image_ref,
                "image_id": one.image_id,
                "restarts": one.restart_count,
                "oom_killed": one.oom_killed,
                "since": one.started_at.isoformat() if one.started_at else None,
            }
            for one in snapshot.containers
            if not one.one_off
        ],
        "health": None
        if snapshot.health is None
        else {
            "url": snapshot.health.url,
            "status": snapshot.health.code,
            "elapsed_ms": snapshot.health.elapsed_ms,
            "error": snapshot.health.error,
        },
        "lease": None
        if snapshot.lease is None
        else {
            "run_id": snapshot.lease.run,
            "who": snapshot.lease.who,
            "task": snapshot.lease.task,
            "reason": snapshot.lease.reason,
            "since": snapshot.lease.since.isoformat() if snapshot.lease.since else None,
            "busy": snapshot.busy,
        },
        "hold": None
        if snapshot.hold is None
        else {
            "run_id": snapshot.hold.run,
            "who": snapshot.hold.who,
            "reason": snapshot.hold.reason,
            "since": snapshot.hold.since.isoformat() if snapshot.hold.since else None,
            "until": snapshot.hold.until.isoformat() if snapshot.hold.until else None,
        },
        "last_run": run_json(shown, busy=snapshot.busy) if shown else None,
        "at_work": [{"pid": p.pid, "user": p.user, "age_s": p.age_s, "command": p.args} for p in snapshot.at_work],
        "space_used_bytes": snapshot.space_used_bytes,
        "unfinished": unfinished.run_id
        if unfinished and shown_state(unfinished, busy=snapshot.busy) != "running"
        else None,
    }


def _goodness(site: Site, snapshot: Snapshot) -> str:
    from hummii_ops.plans.before import state_of

    identity = state_of(snapshot, site.environment.version_service).identity if snapshot.engine.answers else None
    mark = snapshot.marks.get(identity or "")
    return mark.mark if mark else "unknown"


def _since(site: Site, snapshot: Snapshot) -> str | None:
    started = [one.created_at for one in snapshot.service(site.environment.version_service)]
    return min(started).isoformat() if started else None


def _show_status(console: Console, environment: str, host: dict[str, Any]) -> None:
    console.print(f"{environment} · {host['name']}", style="bold", markup=False)
    if host["unfinished"]:
        run = host["unfinished"]
        console.print(f"  unfinished: {run} ({host['last_run']['state']})", style="bold red", markup=False)
        console.print(f"    go on: fab resume --run={run}    take it back: fab undo --run={run}", markup=False)
    if host["engine_error"]:
        console.print(f"  docker does not answer: {host['engine_error']}", style="bold red", markup=False)
    release = host["release"]
    known = {"good": "proven good", "bad": "marked bad", "unknown": "not proven yet"}[release["goodness"]]
    since = age(_time(release["since"]), datetime.fromisoformat(host["read_at"]))
    console.print(f"  release   {release['version'] or 'unknown'}, for {since}, {known}", markup=False)
    _show_health(console, host)
    for one in host["services"]:
        ill = one["status"] != "running" or one["health"] not in (None, "healthy")
        note = f", {one['restarts']} restarts" if one["restarts"] else ""
        note += ", killed for memory" if one["oom_killed"] else ""
        text = (
            f"  {one['name']:<9} {one['status']}{', ' + one['health'] if one['health'] else ''}  {one['image']}{note}"
        )
        console.print(printable(text), style="red" if ill else "", markup=False)
    if host["lease"]:
        lease = host["lease"]
        alive = "at work" if lease["busy"] else "nothing runs"
        console.print(
            printable(f"  lease     {lease['who']}: {lease['task']} ({lease['run_id']}), {alive}: {lease['reason']}"),
            markup=False,
        )
    if host["hold"]:
        console.print(
            printable(f"  hold      deploys are held by {host['hold']['who']}: {host['hold']['reason']}"), markup=False
        )
    for one in host["at_work"]:
        console.print(
            printable(f"  at work   pid {one['pid']} of {one['user']}, {one['age_s']} s: {one['command']}"),
            markup=False,
        )
    last = host["last_run"]
    if last:
        console.print(
            printable(f"  last run  {last['run_id']}: {last['state']}, {last['from']} → {last['to']}"), markup=False
        )
    if not host["unfinished"]:
        console.print(f"  next      {_next(host)}", markup=False)


def _next(host: dict[str, Any]) -> str:
    """The one next command, by what is worst here."""
    health = host["health"]
    last = host["last_run"]
    if last and last["state"] == "running":
        return f"fab attach --run={last['run_id']}"
    if health is not None and not (health["status"] is not None and 200 <= health["status"] < 300):
        return "fab rollback --latest --dry-run; what there is to go back to: fab releases"
    return "fab verify"


def _show_health(console: Console, host: dict[str, Any]) -> None:
    health = host["health"]
    if health is None:
        console.print("  health    no URL in the inventory")
        return
    good = health["status"] is not None and 200 <= health["status"] < 300
    said = f"HTTP {health['status']}" if health["status"] else (health["error"] or "no answer")
    style = "green" if good else "bold red"
    console.print(f"  health    {said} from {health['url']} ({health['elapsed_ms']} ms)", style=style, markup=False)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
