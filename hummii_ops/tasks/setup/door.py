"""fab install-host: the server's own door to a rollback, for use by hand and without a laptop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from hummii_ops.errors import Refused, UsageError
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.run.install import install, library
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.each import on_each
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.transport import LinkLost


@command(
    "install-host",
    changes=True,
    help={
        "replace": "a script of that name that is not ours is kept beside it as ….before-hummii-ops",
        "restricted": "let the key of --key do status, verify, rollback and undo, and nothing else (for CI)",
        "key": "file with the public key that is to be restricted: ci_key.pub",
    },
)
def install_host(
    _context: Any,
    yes: bool = False,
    replace: bool = False,
    restricted: bool = False,
    key: str = "",
    reason: str = "",
    limit: str | None = None,
    env: str | None = None,
    format: str = "text",
) -> Reply:
    """Put scripts/rollback.sh and scripts/backup/restore-database.sh on the server: by hand, without a laptop."""
    environment = session.choose(env)
    line = _line(environment, restricted=restricted, key=key)
    sites = session.reach(environment, limit)
    for site in sites:
        _can_install(site, site.snapshot())
    people = say()
    for site in sites:
        scripts = f"{_script(site)}, scripts/backup/restore-database.sh, .hummii-ops/bin/hummii-host"
        people.print(f"{site.host.name}: {scripts}, and their library in {site.home}/lib", markup=False)
        if line:
            people.print(f"{site.host.name}: ~/.ssh/authorized_keys gets: {line}", markup=False)
    session.confirm(f"Put them on {len(sites)} host(s) of {environment.name}?", yes=yes, what="install-host")
    installed = on_each(sites, lambda site: _install(site, line, replace=replace))

    def show(console: Console) -> None:
        for one in installed:
            console.print(f"{one['host']}: installed, version {one['version']}", markup=False)
        console.print(f"  on the server: cd {environment.project_dir} && ./scripts/rollback.sh --list", markup=False)
        console.print("  and for its database: ./scripts/backup/restore-database.sh BACKUP", markup=False)
        console.print("  deploys, guarded: .hummii-ops/bin/hummii-host with-lease -- ./deploy.sh", markup=False)
        console.print("  next: run it again after an upgrade, and after a change of inventory.yml", markup=False)

    body = {"environment": environment.name, "installed": installed, "authorized": line or None}
    return Reply(kind="install-host", body=body, show=show)


def _line(environment: Environment, *, restricted: bool, key: str) -> str:
    """The line of authorized_keys that is asked for, or "". Raises UsageError."""
    if restricted != bool(key):
        raise UsageError(
            "--restricted and --key go together: the key that is to be restricted",
            remedy="ssh-keygen -t ed25519 -f ci_key; fab install-host --restricted --key=ci_key.pub",
        )
    if not restricted:
        return ""
    from hummii_ops.run.restricted import authorized_line, public_key, texts

    texts(environment)
    try:
        text = Path(key).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{key!r:.80} cannot be read: {error}", remedy="--key=FILE.pub") from error
    return authorized_line(environment, public_key(text))


def _authorize(site: Site, line: str) -> None:
    from hummii_ops.run.restricted import authorize

    try:
        authorize(site.transport, line)
    except LinkLost as lost:
        raise Refused(
            f"{site.host.name}: the link was lost; whether the key may log in is unknown", remedy="the same again"
        ) from lost


def _install(site: Site, line: str, *, replace: bool) -> dict[str, str]:
    from hummii_ops.run.restricted import texts

    # with sudo no key can be restricted, and the door works without
    more = texts(site.environment) if site.environment.become == "none" else {}
    made = library(site.environment, site.host.name, more)
    try:
        install(site.transport, site.home, made, replace=replace)
    except LinkLost as lost:
        raise Refused(
            f"{site.host.name}: the link was lost; whether it is installed is unknown", remedy="fab install-host, again"
        ) from lost
    if line:
        _authorize(site, line)
    return {"host": site.host.name, "version": made.version, "script": _script(site)}


def _script(site: Site) -> str:
    return f"{site.environment.project_dir}/scripts/rollback.sh"


def _can_install(site: Site, snapshot: Snapshot) -> None:
    host, project_dir = site.host.name, snapshot.project_dir
    if not project_dir.exists:
        raise Refused(f"{host}: there is no {project_dir.path}", remedy="set project_dir in inventory.yml")
    if snapshot.tools_missing:
        raise Refused(f"{host}: missing on the host: {', '.join(snapshot.tools_missing)}", remedy="install them there")
    if not (project_dir.writable and project_dir.state_writable):
        raise Refused(
            f"{host}: {snapshot.host.user} cannot write in {project_dir.path}",
            remedy=f"on {host}: sudo chown -R {snapshot.host.user} {project_dir.path}",
        )


ALL = (install_host,)
