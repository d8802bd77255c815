"""A small stack to take snapshots of: built as values, changed field by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from hummii_ops.facts.snapshot import BackupFact, ComposeFact, FileFact, HostFact, ProjectDir, Snapshot
from hummii_ops.facts.stack import ContainerFact, EngineFact, ImageFact
from hummii_ops.inventory.models import Environment

ENVIRONMENT = Environment.model_validate(
    {"name": "lab", "hosts": [{"name": "lab-1", "address": "192.0.2.1", "user": "deploy"}]}
)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEPLOYED = datetime(2026, 2, 1, 12, tzinfo=UTC)
BUILT = datetime(2025, 12, 1, tzinfo=UTC)
NAME = "docker-compose.prod.yml.backup-"


def image_id(word: str) -> str:
    """An image id that is recognisable by its word."""
    return "sha256:" + sha256(word.encode()).hexdigest()


def digest(text: str) -> str:
    """sha256 of a file's text."""
    return sha256(text.encode()).hexdigest()


def compose(api: str = "hummii-api:1.1", **more: str) -> str:
    """A compose file with an api of that image, and redis; `more` adds lines to the api."""
    lines = "".join(f"    {key}: {value}\n" for key, value in more.items())
    return f"services:\n  api:\n    image: {api}\n{lines}  redis:\n    image: hummii-redis:7\n"


def image(
    tag: str, *, created: datetime = BUILT, version: str | None = None, digests: tuple[str, ...] = ()
) -> ImageFact:
    """An image on the host under that tag."""
    return ImageFact(id=image_id(tag), tags=(tag,), digests=digests, created_at=created, version=version, size_bytes=1)


def container(service: str, tag: str, *, created: datetime = DEPLOYED, **changes: Any) -> ContainerFact:
    """A healthy container of a service, running the image of that tag."""
    fields: dict[str, Any] = {
        "id": digest(f"{service}{created}"),
        "name": f"hummii-{service}-1",
        "project": "hummii",
        "service": service,
        "number": 1,
        "one_off": False,
        "image_id": image_id(tag),
        "image_ref": tag,
        "config_hash": None,
        "status": "running",
        "health": "healthy",
        "exit_code": 0,
        "oom_killed": False,
        "restart_count": 0,
        "created_at": created,
        "started_at": created,
        "finished_at": None,
        "restart_policy": "unless-stopped",
        "healthcheck": None,
        "working_dir": "/opt/hummii",
        "config_files": ("/opt/hummii/docker-compose.prod.yml",),
    }
    return ContainerFact(**(fields | changes))


def backup(stamp: str, content: str | None, **changes: Any) -> BackupFact:
    """A backup of that compose file under that timestamp."""
    fields: dict[str, Any] = {
        "name": NAME + stamp,
        "path": f"/opt/hummii/backups/{NAME}{stamp}",
        "kind": "file",
        "sha256": None if content is None else digest(content),
        "content": content,
    }
    return BackupFact(**(fields | changes))


def snapshot(*backups: BackupFact, disk: str | None = None, **changes: Any) -> Snapshot:
    """1.1 runs since February 1st; the images 1.0, 1.1 and redis are on the host; the host is in UTC."""
    text = compose() if disk is None else disk
    fields: dict[str, Any] = {
        "host_name": "lab-1",
        "project": "hummii",
        "read_at": NOW,
        "host": HostFact(hostname="lab-1", user="deploy"),
        "project_dir": ProjectDir(path="/opt/hummii", exists=True, writable=True),
        "engine": EngineFact(client_version="27", server_version="27", compose_version="2.26.1"),
        "compose": ComposeFact(path="docker-compose.prod.yml", content=text, sha256=digest(text)),
        "files": (env_file(),),
        "containers": (container("api", "hummii-api:1.1"), container("redis", "hummii-redis:7")),
        "images": (image("hummii-api:1.0"), image("hummii-api:1.1"), image("hummii-redis:7")),
        "present": frozenset({".env"}),
        "backups": backups,
    }
    return Snapshot(**(fields | changes))


def env_file(values: Mapping[str, str] | None = None, *names: str, text: str = "") -> FileFact:
    """The .env of today: these names, and the values that image names need."""
    given = dict(values or {})
    return FileFact(path=".env", kind="env", exists=True, sha256=digest(text), names=(*given, *names), values=given)
