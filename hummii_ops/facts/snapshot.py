"""A Snapshot: what is true on one host now, read in one go.

Never holds a secret: of env files it knows names, and values only of variables that an image's name needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hummii_ops.facts.claims import Hold, Lease, Mark, RunFact
from hummii_ops.facts.deploys import DeployFact
from hummii_ops.facts.files import BackupFact, ComposeFact, FileFact, RecordFact
from hummii_ops.facts.stack import ContainerFact, EngineFact, Healthcheck, ImageFact

__all__ = [
    "BackupFact",
    "ComposeFact",
    "ContainerFact",
    "DiskFact",
    "EngineFact",
    "FileFact",
    "HealthAnswer",
    "Healthcheck",
    "Hold",
    "HostFact",
    "ImageFact",
    "Lease",
    "Mark",
    "Process",
    "ProjectDir",
    "RecordFact",
    "RunFact",
    "Snapshot",
    "expectation_text",
]


@dataclass(frozen=True, kw_only=True)
class HostFact:
    """The machine and the account we came in by. `booted` changes with every boot, in a container too."""

    hostname: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()
    boot_id: str = ""
    pid1_started: str = ""
    umask: str = ""
    kernel: str = ""
    ends_user_processes: bool = False
    utc_offset_s: int = 0
    zone: str | None = None

    @property
    def booted(self) -> str:
        """One word for this boot: the kernel's boot id and the start time of process 1."""
        return f"{self.boot_id}.{self.pid1_started}"


@dataclass(frozen=True, kw_only=True)
class ProjectDir:
    """The project's folder. `state_writable`: .hummii-ops, or project_dir while that is absent."""

    path: str
    exists: bool = False
    writable: bool = False
    state_writable: bool = False
    backups_writable: bool = False
    owner: str = ""
    group: str = ""
    mode: str = ""


@dataclass(frozen=True, kw_only=True)
class DiskFact:
    """Room on the file system that holds `path`. Inode counts are 0 where the file system has none."""

    path: str
    device: str
    total_bytes: int
    free_bytes: int
    total_inodes: int = 0
    free_inodes: int = 0


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process on the host, as `ps` showed it."""

    pid: int
    ppid: int
    user: str
    age_s: int
    args: str
    cwd: str | None = None


@dataclass(frozen=True, kw_only=True)
class HealthAnswer:
    """The health URL asked on the host itself. `code` None: no answer, and `error` says why."""

    url: str
    code: int | None
    body: str
    elapsed_ms: int
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What is true on one host, at `read_at` (aware UTC, by the host's clock).

    `clock_offset` is the host's clock minus ours, None when not measured. `present` are the words of the
    compose file and its backups that exist as paths under project_dir (or absolute). `journal` is the end of
    the journal of the run that has the lease, as it is; `gate_s` is how long it waits for the answer from outside.
    """

    host_name: str
    project: str
    read_at: datetime
    compose: ComposeFact
    clock_offset: timedelta | None = None
    host: HostFact = field(default_factory=HostFact)
    project_dir: ProjectDir
    engine: EngineFact = field(default_factory=EngineFact)
    tools_missing: tuple[str, ...] = ()
    files: tuple[FileFact, ...] = ()
    containers: tuple[ContainerFact, ...] = ()
    images: tuple[ImageFact, ...] = ()
    backups: tuple[BackupFact, ...] = ()
    present: frozenset[str] = frozenset()
    lease: Lease | None = None
    hold: Hold | None = None
    deploy: DeployFact | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)
    runs: tuple[RunFact, ...] = ()
    busy: bool = False
    journal: str = field(default="", repr=False)
    gate_s: int | None = None
    at_work: tuple[Process, ...] = ()
    health: HealthAnswer | None = None
    disks: tuple[DiskFact, ...] = ()
    space_used_bytes: int | None = None

    def service(self, name: str) -> tuple[ContainerFact, ...]:
        """The containers of a service, one-off ones left out, by number."""
        found = (one for one in self.containers if one.service == name and not one.one_off)
        return tuple(sorted(found, key=lambda one: one.number))

    def image(self, image_id: str) -> ImageFact | None:
        """The image with that id, if it is on the host."""
        return next((one for one in self.images if one.id == image_id), None)

    def running_images(self) -> dict[str, str] | None:
        """Image id by service of what is deployed; None if two replicas of a service differ."""
        images: dict[str, str] = {}
        for one in self.containers:
            if one.one_off:
                continue
            if images.setdefault(one.service, one.image_id) != one.image_id:
                return None
        return images

    @property
    def unfinished_run(self) -> RunFact | None:
        """The newest run that has begun and not ended."""
        return next((one for one in self.runs if one.is_unfinished), None)

    @property
    def last_run(self) -> RunFact | None:
        """The newest run that started; one that was never started is nobody's last run."""
        return next((one for one in self.runs if one.has_started), None)

    @property
    def last_change(self) -> RunFact | None:
        """The newest run that started and had a target: a backup of the database is none."""
        return next((one for one in self.runs if one.has_started and one.has_target), None)

    def expectation_text(self, *, target: Mapping[str, str | None] | None = None) -> str:
        """What expect.sh prints on the host for the same facts, byte for byte; `target`: the plan's own files too."""
        files: dict[str, str | None] = {self.compose.path: self.compose.sha256}
        files |= {one.path: one.sha256 for one in self.files}
        return expectation_text(files | dict(target or {}), self.containers)


def expectation_text(files: Mapping[str, str | None], containers: Iterable[ContainerFact]) -> str:
    """Lines sorted by bytes: `file <path> <sha256|->`, `container <service> <id> <image id> <state>`."""
    lines = [f"file {path} {digest or '-'}" for path, digest in files.items()]
    lines += [
        f"container {one.service} {one.id} {one.image_id} {'running' if one.is_up else 'stopped'}"
        for one in containers
        if not one.one_off
    ]
    return "".join(f"{line}\n" for line in sorted(lines, key=lambda line: line.encode()))
