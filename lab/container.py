"""A lab host as a container: how it must be started to run an engine inside, and how to reach into it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from lab.docker import DockerFailed, docker, succeeds

# What an engine inside a container needs where --privileged is not to be had (measured: docs of the lab).
CAPABLE = (
    "--cap-add=SYS_ADMIN",
    "--cap-add=NET_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--cap-add=DAC_READ_SEARCH",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=systempaths=unconfined",
    "--device-cgroup-rule=a *:* rwm",
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
)
POLL_S = 0.1


@dataclass(frozen=True)
class Volumes:
    """Where a host keeps what must outlive its container."""

    engine: str
    project: str
    keys: str

    @classmethod
    def of(cls, container: str) -> Volumes:
        return cls(f"{container}-engine", f"{container}-project", f"{container}-keys")

    def mounts(self) -> tuple[str, ...]:
        return (
            f"--volume={self.engine}:/var/lib/docker",
            f"--volume={self.project}:/opt/hummii",
            f"--volume={self.keys}:/var/lib/lab",
        )

    def names(self) -> tuple[str, ...]:
        return (self.engine, self.project, self.keys)


@cache
def powers(image: str) -> tuple[str, ...]:
    """How a container gets the right to run an engine on this machine: --privileged where that works."""
    privileged = succeeds("run", "--rm", "--privileged", "--entrypoint=/bin/true", image)
    return ("--privileged",) if privileged else CAPABLE


def start(container: str, image: str, hostname: str, volumes: Volumes, *options: str) -> None:
    """Create and start a host. Raises DockerFailed, for example when a port is taken."""
    docker(
        "run",
        "--detach",
        f"--name={container}",
        f"--hostname={hostname}",
        *powers(image),
        *volumes.mounts(),
        *options,
        image,
    )


def inside(container: str, *command: str, user: str = "root", stdin: str = "", limit_s: float = 120) -> str:
    """Run one command in a host, not over SSH; return its stdout. Raises DockerFailed."""
    return docker("exec", "-i", f"--user={user}", container, *command, stdin=stdin, limit_s=limit_s)


def is_running(container: str) -> bool:
    try:
        return docker("container", "inspect", "--format={{.State.Running}}", container) == "true"
    except DockerFailed:
        return False


def exists(container: str) -> bool:
    return succeeds("container", "inspect", container)


def engine_answers(container: str) -> bool:
    return succeeds("exec", container, "docker", "version", "--format={{.Server.Version}}", limit_s=20)


def remove(container: str) -> None:
    docker("rm", "--force", "--volumes", container)


def until(holds: Callable[[], bool], *, limit_s: float, what: str) -> None:
    """Poll until `holds()`; raises DockerFailed with `what` did not come."""
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            raise DockerFailed(["wait"], f"{what}: not within {limit_s:.0f} s")
        time.sleep(POLL_S)
