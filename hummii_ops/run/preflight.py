"""Whether a run may begin on a host at all. A pure judgement of a Snapshot; says what stands in the way."""

from __future__ import annotations

import re

from hummii_ops.errors import Busy, Refused, Unreachable
from hummii_ops.facts.claims import FINISHED
from hummii_ops.facts.deploys import TASK as DEPLOY
from hummii_ops.facts.snapshot import Snapshot

OLDEST_COMPOSE = (2, 20)


def check(snapshot: Snapshot) -> None:
    """Raises Refused for what must be mended first, Busy for someone at work; else the stack is free for a run."""
    host = snapshot.host_name
    if not snapshot.engine.answers:
        raise Unreachable(
            f"{host}: docker does not answer: {snapshot.engine.error or 'no words'}",
            remedy=f"start it on {host} (systemctl start docker), or see why it is down",
        )
    if snapshot.engine.compose_error or _version(snapshot.engine.compose_version_number) < OLDEST_COMPOSE:
        have = snapshot.engine.compose_version or snapshot.engine.compose_error
        raise Refused(f"{host}: docker compose 2.20 or newer is needed; there is: {have}", remedy="install it there")
    if snapshot.tools_missing:
        raise Refused(f"{host}: missing on the host: {', '.join(snapshot.tools_missing)}", remedy="install them there")
    if snapshot.host.ends_user_processes:
        raise Refused(
            f"{host}: logind ends the processes of {snapshot.host.user} at logout (KillUserProcesses=yes), "
            "and so would end a run whose laptop is gone",
            remedy=f"on {host}: KillUserProcesses=no, or KillExcludeUsers=root {snapshot.host.user}, "
            "in /etc/systemd/logind.conf; then systemctl restart systemd-logind",
        )
    if not snapshot.project_dir.exists:
        raise Refused(f"{host}: there is no {snapshot.project_dir.path}", remedy="set project_dir in inventory.yml")
    if not (snapshot.project_dir.writable and snapshot.project_dir.state_writable):
        raise Refused(
            f"{host}: {snapshot.host.user} cannot write in {snapshot.project_dir.path}",
            remedy=f"on {host}: sudo chown -R {snapshot.host.user} {snapshot.project_dir.path}",
        )
    unfinished = snapshot.unfinished_run
    if unfinished is not None and not snapshot.busy:
        raise Refused(
            f"{host}: {unfinished.task} {unfinished.run_id} began and has not ended ({unfinished.state})",
            remedy=f"end it: fab resume --run={unfinished.run_id}, or take it back: fab undo --run={unfinished.run_id}",
            run_id=unfinished.run_id,
        )
    _one_file(snapshot)
    _nobody_at_work(snapshot)


def _version(text: str | None) -> tuple[int, ...]:
    """`2.26.1` → (2, 26, 1); what cannot be read is taken for new enough: Compose itself will say no."""
    parts = re.findall(r"[0-9]+", text or "")
    return tuple(int(part) for part in parts[:3]) or OLDEST_COMPOSE


def _one_file(snapshot: Snapshot) -> None:
    """A stack that was started from several compose files, or with env files named to Compose, is not ours to change.

    We know one file: `up` with that alone would make every service anew without what the others say.
    """
    name = snapshot.compose.path.rsplit("/", 1)[-1]
    for one in snapshot.containers:
        if one.one_off:
            continue
        names = [file.rsplit("/", 1)[-1] for file in one.config_files]
        if names and names != [name]:
            raise Refused(
                f"{snapshot.host_name}: {one.service} was started from {', '.join(names)}; "
                f"the inventory knows {name} alone",
                remedy="make one file of them (docker compose … config), start the stack from it, "
                "and name it compose_file in inventory.yml",
            )
        if one.environment_files:
            raise Refused(
                f"{snapshot.host_name}: {one.service} was started with --env-file {', '.join(one.environment_files)}",
                remedy="start the stack without it (Compose reads .env by itself), or roll back by hand",
            )


def _nobody_at_work(snapshot: Snapshot) -> None:
    host = snapshot.host_name
    lease = snapshot.lease
    states = {run.run_id: run.state for run in snapshot.runs}
    if lease is not None and states.get(lease.run) not in FINISHED and snapshot.busy:
        raise Busy(
            f"{host}: {lease.who} holds the lease for {lease.task} ({lease.run}): {lease.reason or 'no reason given'}",
            remedy=(
                "wait for it: --wait=SECONDS; or end it first: fab rollback … --stop-deploy"
                if lease.task == DEPLOY
                else f"watch it: fab attach --run={lease.run}; or wait for it: --wait=SECONDS"
            ),
            run_id=lease.run,
        )
    if snapshot.at_work:
        first = snapshot.at_work[0]
        raise Busy(
            f"{host}: someone is at work on this stack: {first.args[:120]} "
            f"(pid {first.pid}, user {first.user}, for {first.age_s} s)",
            remedy="wait for it to end, or --wait=SECONDS",
        )
