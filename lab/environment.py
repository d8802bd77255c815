"""The files that tell the tool how to reach the lab: known_hosts, and the environment for its inventory."""

from __future__ import annotations

import json
from pathlib import Path

from lab import hosts
from lab.golden import COMPOSE_FILE, PROJECT
from lab.payments import PORT
from lab.state import LOOPBACK, Lab, LabHost, Record, write_beside

FLOWS = Path(__file__).resolve().parent.parent / "flows"


def write_environment(lab: Lab, record: Record) -> None:
    """Write known_hosts with the hosts' real keys, and environment.yml."""
    known = [f"[{LOOPBACK}]:{host.ssh_port} {hosts.host_key(lab, host)}\n" for host in record.hosts]
    write_beside(lab.known_hosts, "".join(known))
    write_beside(lab.environment_file, _environment(lab, record))


def _environment(lab: Lab, record: Record) -> str:
    # JSON's scalars are YAML's; so no YAML writer is needed.
    listed = "\n".join(f"  - {_entry(lab, host)}" for host in record.hosts)
    return f"""\
hosts:
{listed}
known_hosts: [{json.dumps(str(lab.known_hosts))}]
project_dir: {PROJECT}
project: hummii
compose_file: {COMPOSE_FILE}
version_service: api
env_files: [.env]
health: {{path: /api/health, inside: "http://127.0.0.1/api/health"}}
proxy: {{service: nginx, reload: [nginx -t, nginx -s reload]}}
database: {{service: postgres, name: hummii, user: hummii}}
dependencies: [{{name: payments, url: "http://100.100.0.1:{PORT}/"}}]
flows: {{dir: {json.dumps(str(FLOWS))}, allow: ["*"], payments: test}}
"""


def _entry(lab: Lab, host: LabHost) -> str:
    identity = json.dumps(str(lab.identity_file))
    return (
        f"{{name: {host.name}, address: {LOOPBACK}, port: {host.ssh_port}, user: deploy, "
        f'identity_file: {identity}, url: "{host.url}"}}'
    )
