"""What an inventory says of the stack itself: its health, proxy, database, cache and logs."""

from __future__ import annotations

from pydantic import Field

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen

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
