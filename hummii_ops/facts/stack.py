"""What Docker says of a stack: its engine, containers and images.

Never keeps a container's environment: that is where secrets live.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class EngineFact:
    """Docker as it answered; `error` is its own words when it did not, and then the versions are None."""

    client_version: str | None = None
    server_version: str | None = None
    api_version: str | None = None
    compose_version: str | None = None
    error: str | None = None
    compose_error: str | None = None

    @property
    def compose_version_number(self) -> str | None:
        """Compose's version as it labels containers: without a distribution's suffix ("2.26.1-4")."""
        return self.compose_version.partition("-")[0] if self.compose_version else None

    @property
    def answers(self) -> bool:
        """Can containers be asked about at all?"""
        return self.error is None and self.server_version is not None


@dataclass(frozen=True, kw_only=True)
class Healthcheck:
    """How a container's health is asked, in seconds."""

    interval_s: float
    timeout_s: float
    start_period_s: float
    retries: int


@dataclass(frozen=True, kw_only=True)
class ContainerFact:
    """One container of the project, running or not.

    `status` is Docker's word (created running paused restarting removing exited dead); `health` is starting,
    healthy or unhealthy, None without a healthcheck; `restart_policy` is Docker's name ("no", "always", …);
    `environment_files` are those that Compose was given by name, none for its default of .env;
    `mounts` are the host's paths that are bound into it.
    """

    id: str
    name: str
    project: str
    service: str
    number: int
    one_off: bool
    image_id: str
    image_ref: str
    config_hash: str | None
    status: str
    health: str | None
    exit_code: int
    oom_killed: bool
    restart_count: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    restart_policy: str
    healthcheck: Healthcheck | None
    working_dir: str | None
    config_files: tuple[str, ...]
    environment_files: tuple[str, ...] = ()
    compose_version: str | None = None
    mounts: tuple[str, ...] = ()

    @property
    def is_up(self) -> bool:
        """Is it meant to be up? A crash loop between two starts counts: it flaps, and its state must not."""
        return self.status in {"running", "restarting", "paused"}

    @property
    def ended_well(self) -> bool:
        """Is it a one-shot service's, and done: ended with 0, and Docker was not to start it again?"""
        return self.status == "exited" and self.exit_code == 0 and self.restart_policy in ("no", "on-failure", "")


@dataclass(frozen=True, kw_only=True)
class ImageFact:
    """An image on the host; `version` is its org.opencontainers.image.version label."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    created_at: datetime | None
    version: str | None
    size_bytes: int
