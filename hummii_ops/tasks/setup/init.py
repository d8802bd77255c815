"""fab init: reads a server, proposes its environment, and writes it into inventory.yml. Changes nothing there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from hummii_ops.checks.stack.outside import look
from hummii_ops.errors import HummiiError, UsageError
from hummii_ops.facts.new_server.propose import Proposal, health_of, propose
from hummii_ops.facts.new_server.unknown_server import HealthAnswer, probe, read_server
from hummii_ops.inventory import (
    Environment,
    add_environment,
    load,
    write_atomically,
)
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.frame import command
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.setup import today, trust
from hummii_ops.tasks.setup.asked_server import AskedServer, asked_for
from hummii_ops.transport import Transport, connect, printable, scan_host_keys
from hummii_ops.transport.hostkeys import HostKey
from hummii_ops.transport.store import address_of

_HELP = {
    "host": "user@server or user@server:port, as ssh would reach it",
    "name": "what the environment is called in inventory.yml",
    "project_dir": "folder of the Compose project on the server",
    "identity_file": "private key on this machine (else the agent, ssh_config and ~/.ssh)",
    "fingerprint": "SHA256:… of one of the server's host keys, when there is no terminal to ask on",
}


@command("init", changes=True, help=_HELP)
def init(
    _context: Any,
    host: str = "",
    name: str = "production",
    project_dir: str = "/opt/hummii",
    identity_file: str | None = None,
    fingerprint: str | None = None,
    yes: bool = False,
    format: str = "text",
) -> Reply:
    """Read a server and write its environment into inventory.yml; nothing is changed on the server."""
    asked = asked_for(host, name, project_dir, identity_file)
    keys = scan_host_keys(asked.endpoint(asked.known_hosts))
    new = trust.trusted(keys, asked.known_hosts, host=asked.hop.address, fingerprint=fingerprint)
    transport = _connect(asked, new)
    try:
        server = read_server(transport, asked.project_dir)
        found = propose(server)
        health = probe(transport, found.urls)
        mapping = _mapping(asked, found, health, address_of(keys[0]))
        environment = _environment(asked, mapping)
        can = today.read_today(transport, environment)
    finally:
        transport.close()
    text = add_environment(asked.inventory, name, mapping, comment=f"Read from {asked.hop.address} by fab init.")
    _show_proposal(found, health, mapping, name)
    session.confirm(f"Write the environment {name} into {asked.inventory}?", yes=yes, what="init", takes_reason=False)
    trust.store(asked.own_known_hosts, new)
    write_atomically(asked.inventory, text)
    needs_env = _needs_env(asked.inventory, name)
    flag = f" --env={name}" if needs_env else ""
    steps = [f"fab adopt{flag}", f"fab verify{flag}", f"fab rollback --latest --dry-run{flag}"]
    body = {
        "environment": name,
        "inventory": str(asked.inventory),
        "host_keys": [{"kind": k.kind, "fingerprint": k.fingerprint, "stored": k in new} for k in keys],
        "proposal": mapping,
        "services": found.services,
        "notes": list(found.notes),
        "needs_env": needs_env,
        "today": can.as_json(),
        "next": steps,
    }

    def show(console: Console) -> None:
        console.print(f"{asked.inventory} has the environment {name} now", style="bold green", markup=False)
        can.show(console)
        if needs_env:
            console.print(f"  no default: is set, so say which one is meant: --env={name}", markup=False)
        console.print("  next: " + ", ".join(steps), markup=False)

    return Reply(kind="init", body=body, show=show)


def _connect(asked: AskedServer, new: list[HostKey]) -> Transport:
    """A link that trusts the new keys too; nothing is stored before all is well."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "known_hosts")
        file.write_text("".join(f"{key.line}\n" for key in new), encoding="utf-8")
        return connect(asked.endpoint((file, *asked.known_hosts)))


def _mapping(asked: AskedServer, found: Proposal, health: HealthAnswer | None, address: str) -> dict[str, Any]:
    host: dict[str, Any] = {"name": f"{asked.name[:60]}-1", "address": asked.hop.address}
    if asked.hop.port != 22:
        host["port"] = asked.hop.port
    if asked.hop.user:
        host["user"] = asked.hop.user
    if asked.identity_file:
        host["identity_file"] = asked.identity_file
    url = _url(address, health, found.version)
    if url:
        host["url"] = url
    return {"hosts": [host], **found.mapping(health)}


def _url(address: str, health: HealthAnswer | None, version: str | None) -> str | None:
    """The server's public URL, if the same answer comes from outside under its address."""
    if health is None or address in ("localhost", "::1") or address.startswith("127."):
        return None
    said = health_of(health, version)
    field = "version" if said["version_field"] else None
    host = f"[{address}]" if ":" in address else address
    for base in (f"https://{host}", f"http://{host}"):
        if look(f"{base}{said['path']}", field=field, version=version, timeout_s=3).verdict == "pass":
            return base
    return None


def _environment(asked: AskedServer, mapping: Mapping[str, Any]) -> Environment:
    """The proposal as it will be read. Raises UsageError for what a server's own names make impossible."""
    context = {"folder": asked.inventory.absolute().parent, "ssh_config": asked.ssh_config}
    try:
        return Environment.model_validate({"name": asked.name, **mapping}, context=context)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise UsageError(
            f"what was found on the server cannot stand in an inventory: {where} {first['msg']}",
            remedy="write the environment by hand: see inventory.yml and fab config.schema",
        ) from None


def _needs_env(path: Path, name: str) -> bool:
    """Must --env be said from now on?"""
    try:
        return load(path).choose(None, environ={}).name != name
    except HummiiError:
        return True


def _show_proposal(found: Proposal, health: HealthAnswer | None, mapping: Mapping[str, Any], name: str) -> None:
    people = say()
    people.print(f"\n{name}:", style="bold", markup=False)
    for service, image in found.services.items():
        role = " (its tag is the version)" if service == found.version_service else ""
        people.print(printable(f"  service {service}: {image or 'built on the server'}{role}"), markup=False)
    for key, value in mapping.items():
        people.print(printable(f"  {key}: {value}"), markup=False)
    notes = list(found.notes)
    if health is None:
        notes.append("no health URL answered on the server: set health.inside, or a rollback cannot ask for health")
    if "url" not in mapping["hosts"][0]:
        notes.append("no URL answered from here: set url: of the host, so that a rollback is confirmed from outside")
    for note in notes:
        people.print(printable(f"  ! {note}"), markup=False)


ALL = (init,)
