"""What an inventory says, as values: an environment, and the settings of the stack on its hosts.

Every field states its meaning and its unit; JSON Schema for editors and the reference page are made from it.
Paths on this machine are absolute `Path`s; paths on a host are `str`: neither is taken for the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from hummii_ops.inventory import fields
from hummii_ops.inventory.channels import NotifyOrNone
from hummii_ops.inventory.dependencies import Dependency
from hummii_ops.inventory.endpoints import Endpoint
from hummii_ops.inventory.fields import Frozen
from hummii_ops.inventory.flow_settings import Flows
from hummii_ops.inventory.followups import FollowupsOrNone
from hummii_ops.inventory.hosts import Host
from hummii_ops.inventory.limits import AccessLog, Limits, Prometheus
from hummii_ops.inventory.predeploy import Predeploy
from hummii_ops.inventory.prevention import Postdeploy, Ready, Watching
from hummii_ops.inventory.secrets import SecretReference
from hummii_ops.inventory.stack_settings import Database, Health, Logs, Proxy

KNOWN_HOSTS = ("known_hosts", "~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")


def _ssh_config(value: Any, info: ValidationInfo) -> Any:
    """`false` is none; nothing said is the user's own file, which the loader names if it exists."""
    if value is None:
        return (info.context or {}).get("ssh_config")
    return None if value is False or value == "false" else value


class Environment(Frozen):
    """A named set of hosts and the settings of the stack on them."""

    name: fields.Name = Field(description="The key under `environments`; it is not written inside.")
    include: fields.LocalPath | None = Field(
        default=None,
        description="File with the rest of this environment, relative to inventory.yml; keys beside it win.",
    )
    hosts: tuple[Host, ...] = Field(min_length=1, description="The hosts; each runs a whole copy of the stack.")
    ssh_config: Annotated[
        fields.LocalPath | None,
        BeforeValidator(_ssh_config),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"const": False}, {"type": "null"}]}),
    ] = Field(
        default=None,
        description="OpenSSH client configuration; false: none. Default: ~/.ssh/config if it exists.",
    )
    known_hosts: tuple[fields.LocalPath, ...] = Field(
        default=tuple(Path(file) for file in KNOWN_HOSTS),
        description="Files with the host keys that are trusted; a file that does not exist is passed over.",
    )
    become: Literal["none", "sudo"] = Field(default="none", description="sudo: host programs run through `sudo -n`.")
    project_dir: fields.FolderOnHost = Field(
        default="/opt/hummii", description="Folder of the project on the host, absolute."
    )
    project: fields.ProjectName = Field(default="hummii", description="Name of the Compose project.")
    compose_file: fields.InsideProject = Field(
        default="docker-compose.prod.yml", description="Compose file, relative to project_dir."
    )
    env_files: tuple[fields.InsideProject, ...] = Field(
        default=(".env",), description="Env files that belong to a release, relative to project_dir."
    )
    files: tuple[fields.InsideProject, ...] = Field(
        default=(), description="Further files that belong to a release, relative to project_dir."
    )
    backups_dir: fields.InsideProject = Field(
        default="backups", description="Folder of the restore points, relative to project_dir."
    )
    version_service: fields.ServiceName = Field(
        default="api", description="Service whose image's tag is the version of a release."
    )
    health: Health = Field(default=Health(), description="How the health of the stack is asked, and how long to wait.")
    proxy: Proxy | None = Field(default=None, description="The proxy in front of the services; null: none.")
    database: Database | None = Field(default=None, description="The PostgreSQL of the stack; null: none.")
    keep_env: tuple[fields.VariableName, ...] = Field(
        default=("POSTGRES_PASSWORD", "DATABASE_URL"),
        description="Variables of the env files that keep today's value in a rollback.",
    )
    keep_runs: int = Field(
        default=50,
        ge=1,
        le=10_000,
        description="How many finished runs keep their evidence on the host, and the copies that an undo needs: so "
        "many of those that changed something, and so many of the others.",
    )
    logs: Logs = Field(default=Logs(), description="Which lines of the logs count as critical.")
    limits: Limits = Field(default=Limits(), description="What performance may be at most.")
    critical_endpoints: tuple[Endpoint, ...] = Field(
        default=(),
        description="Paths whose answers are timed, from here and on the host: /path, or {path: /path, "
        "response_p95_ms: 300} with a limit of its own. Default: health.path.",
    )
    access_log: AccessLog = Field(default=AccessLog(), description="How the proxy writes its access log.")
    dependencies: tuple[Dependency, ...] = Field(
        default=(), description="What the stack asks of others: asked on the host, when performance is looked at."
    )
    prometheus: Prometheus | None = Field(default=None, description="A Prometheus to ask; null: none.")
    flows: Flows | None = Field(default=None, description="The user flows that may run here; null: none.")
    deploy_processes: tuple[fields.Text, ...] = Field(
        default=("deploy.sh",),
        description="Words in a command line on the host that mean: a deploy is at work.",
    )
    deploy_log: fields.InsideProject | None = Field(
        default=None,
        description="File in which the deploy script leaves its output; null: only the guard's (with-lease) is read.",
    )
    predeploy: Predeploy = Field(default=Predeploy(), description="What `fab predeploy` asks before a deploy.")
    secrets: Mapping[str, SecretReference] = Field(
        default={},
        description="Where each secret is: {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT]}.",
    )
    ready: Ready = Field(default=Ready(), description="What `fab ready` asks of a rollback that nobody needs yet.")
    watch: Watching = Field(default=Watching(), description="What `fab watch` may do by itself.")
    postdeploy: Postdeploy = Field(default=Postdeploy(), description="What `fab postdeploy` insists on besides.")
    notify: NotifyOrNone = Field(default=None, description="Who is told about a run, and through what; null: no one.")
    followups: FollowupsOrNone = Field(
        default=None, description="A GitHub repository in which follow-ups are opened as issues; null: none."
    )

    @property
    def told(self) -> tuple[str, ...]:
        """The names of the channels through which people are told."""
        return self.notify.names if self.notify else ()


class InventoryFile(Frozen):
    """The whole of inventory.yml."""

    default: fields.Name | None = Field(
        default=None,
        description="Environment that is meant when none is named; without it only a sole `lab` is.",
    )
    environments: Mapping[fields.Name, Environment] = Field(description="The environments by name.")
