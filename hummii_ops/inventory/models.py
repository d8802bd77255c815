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

# Whole words and fixed phrases only: "0 errors" and "fatality" are not critical.
CRITICAL_LINES = (
    r"\bFATAL\b",
    r"\bPANIC\b",
    r"\bpanic:",
    r"\bCRITICAL\b",
    r"(?i)\bunhandled ?(promise ?)?(rejection|exception)\b",
    r"(?i)\buncaught ?exception\b",
    r"(?i)\bout of memory\b",
    r"(?i)\bsegmentation fault\b",
    r"\bENOSPC\b|(?i:no space left on device)",
    r"\bECONNREFUSED\b",
)
KNOWN_HOSTS = ("known_hosts", "~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")


class Health(Frozen):
    """How the stack says that it is healthy."""

    path: fields.UrlPath = Field(
        default="/api/health", description="Path that is asked from outside, joined to host.url."
    )
    inside: fields.Url | None = Field(
        default="http://127.0.0.1/api/health",
        description="URL that is asked on the host itself; null: not asked.",
    )
    version_field: fields.Text | None = Field(
        default="version",
        description="Key of the JSON answer that must equal the release's version; null: not compared.",
    )
    settle_s: float = Field(
        default=10, ge=0, le=3600, description="Seconds for which services must stay up and healthy."
    )
    timeout_s: float | None = Field(
        default=None,
        gt=0,
        le=86_400,
        description="Seconds until an unhealthy stack is a failure; null: from its healthchecks.",
    )


class Proxy(Frozen):
    """The service in front of the others, which may remember the address of a container that is gone."""

    service: fields.ServiceName = Field(description="Compose service of the proxy.")
    reload: tuple[fields.CommandLine, ...] = Field(
        default=("nginx -t", "nginx -s reload"),
        min_length=1,
        description="Commands, run in its container one by one, that make it look up its upstreams anew.",
    )


class Cache(Frozen):
    """A redis that remembers what was in the database; after the database went back, it is told to forget."""

    service: fields.ServiceName = Field(description="Compose service of redis.")
    prefixes: tuple[fields.Text, ...] = Field(
        default=(), description="Keys that begin so are forgotten; none named: everything (FLUSHALL)."
    )


class Database(Frozen):
    """The PostgreSQL of the stack."""

    service: fields.ServiceName = Field(default="postgres", description="Compose service of PostgreSQL.")
    name: fields.DatabaseName = Field(description="Name of the database.")
    user: fields.DatabaseName = Field(description="Role that owns the database.")
    backups_dir: fields.InsideProject = Field(
        default="backups/database", description="Folder of its dumps on the host, relative to project_dir."
    )
    writers: tuple[fields.ServiceName, ...] = Field(
        default=(),
        description="Services that write to it: stopped while the database is exchanged. Default: version_service.",
    )
    cache: Cache | None = Field(
        default=None, description="A cache to clear when the database went back; without it, caches are kept."
    )
    check_sql: fields.LocalPath | None = Field(
        default=None,
        description="File with SQL of your own that a restored database must pass, relative to inventory.yml; "
        "an error in it refuses the backup, and what it writes is taken back.",
    )
    migrations_dir: fields.InsideProject = Field(
        default="prisma/migrations",
        description="Folder of the migrations in the image of version_service, relative to its WORKDIR.",
    )


class Logs(Frozen):
    """What in the logs is critical."""

    critical: tuple[fields.Regex, ...] = Field(
        default=CRITICAL_LINES,
        description="Regular expressions (Python's); a line that one of them finds is critical.",
    )


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
        default=50, ge=1, le=10_000, description="How many finished runs keep their evidence on the host."
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
