"""fab status: what runs, since when, how it is, and who is at work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console

from hummii_ops.facts.restore_points.releases import releases as find_releases
from hummii_ops.facts.snapshot import HealthAnswer, Hold, Lease, Snapshot
from hummii_ops.facts.stack import ContainerFact
from hummii_ops.inventory import Environment
from hummii_ops.plans.before import state_of, version_of
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.health import statuspage
from hummii_ops.tasks.reply.atwork import step_now
from hummii_ops.tasks.reply.runview import run_json, shown_state


@command("status")
def status(_context: Any, limit: str | None = None, env: str | None = None, format: str = "text") -> Reply:
    """What runs on each host, since when, and how it is; a run at work, or one that did not end, first."""
    environment = session.choose(env)
    sites = session.reach(environment, limit)
    hosts = [host_json(site.after_deploy(), environment) for site in sites]
    body = {"environment": environment.name} | {k: v for k, v in hosts[0].items() if k != "name"} | {"hosts": hosts}

    def show(console: Console) -> None:
        for host in hosts:
            statuspage.show(console, environment.name, host)
        statuspage.show_differing(console, hosts)

    return Reply(kind="status", body=body, show=show)


def host_json(snapshot: Snapshot, environment: Environment) -> dict[str, Any]:
    """One element of `hosts[]`: all that the page shows."""
    unfinished = snapshot.unfinished_run
    shown = unfinished or snapshot.last_run
    needs_a_person = unfinished is not None and shown_state(unfinished, busy=snapshot.busy) != "running"
    return {
        "name": snapshot.host_name,
        "engine": snapshot.engine.server_version,
        "engine_error": snapshot.engine.error,
        "read_at": snapshot.read_at.isoformat(),
        "release": _release(snapshot, environment),
        "services": [_service(one) for one in snapshot.containers if not one.one_off],
        "health": _health(snapshot.health) if snapshot.health else None,
        "lease": _lease(snapshot.lease, snapshot) if snapshot.lease else None,
        "hold": _hold(snapshot.hold, snapshot) if snapshot.hold else None,
        "last_deploy": snapshot.deploy.as_json() if snapshot.deploy else None,
        "last_run": run_json(shown, busy=snapshot.busy) if shown else None,
        "at_work": [{"pid": p.pid, "user": p.user, "age_s": p.age_s, "command": p.args} for p in snapshot.at_work],
        "space_used_bytes": snapshot.space_used_bytes,
        "unfinished": unfinished.run_id if unfinished and needs_a_person else None,
    }


def _release(snapshot: Snapshot, environment: Environment) -> dict[str, Any]:
    answers = snapshot.engine.answers
    found = find_releases(snapshot, environment) if answers else ()
    identity = state_of(snapshot, environment.version_service).identity if answers else None
    mark = snapshot.marks.get(identity or "")
    made = [one.created_at for one in snapshot.service(environment.version_service)]
    return {
        "version": version_of(snapshot, environment.version_service),
        "restore_point": next((one.id for one in found if one.running), None),
        "goodness": mark.mark if mark else "unknown",
        "judged_at": _iso(mark.since) if mark else None,
        "since": _iso(min(made, default=None)),
        "images": snapshot.running_images(),
    }


def _service(one: ContainerFact) -> dict[str, Any]:
    return {
        "name": one.service,
        "container": one.name,
        "status": one.status,
        "health": one.health,
        "image": one.image_ref,
        "image_id": one.image_id,
        "ended_well": one.ended_well,
        "restarts": one.restart_count,
        "oom_killed": one.oom_killed,
        "since": _iso(one.started_at),
    }


def _health(answer: HealthAnswer) -> dict[str, Any]:
    return {"url": answer.url, "status": answer.code, "elapsed_ms": answer.elapsed_ms, "error": answer.error}


def _lease(lease: Lease, snapshot: Snapshot) -> dict[str, Any]:
    step = step_now(snapshot)
    return {
        "run_id": lease.run,
        "who": lease.who,
        "task": lease.task,
        "reason": lease.reason,
        "since": _iso(lease.since),
        "busy": snapshot.busy,
        "step": step.as_json() if step else None,
        "where": step.words(snapshot.read_at) if step else None,
    }


def _hold(hold: Hold, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "run_id": hold.run,
        "who": hold.who,
        "reason": hold.reason,
        "since": _iso(hold.since),
        "until": _iso(hold.until),
        "expired": hold.until is not None and hold.until <= snapshot.read_at,
        "bypassed": [{"name": one.service, "made_at": _iso(one.created_at)} for one in went_past(hold, snapshot)],
    }


def went_past(hold: Hold, snapshot: Snapshot) -> tuple[ContainerFact, ...]:
    """The containers that a deploy made in spite of the hold: younger than it, and than the end of our last run.

    While a run of ours is at work or has not ended, nothing is said: they may be its own.
    """
    if hold.since is None or snapshot.busy or snapshot.unfinished_run is not None:
        return ()
    ends = [one.state_at for one in snapshot.runs if one.has_started and one.state_at is not None]
    quiet_since = max([hold.since, *ends])
    return tuple(one for one in snapshot.containers if not one.one_off and one.created_at > quiet_since)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


ALL = (status,)
