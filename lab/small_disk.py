"""A host whose project folder is on a small file system, to rehearse a full disk; never the machine's own disk.

It is kept in memory and held mounted by a second container, so that it survives a kill and a start of the host. A
reset of the lab takes it away again.
"""

from __future__ import annotations

from lab import container
from lab.container import Volumes
from lab.docker import docker, succeeds


def make(name: str, image: str, *, size_mb: int) -> None:
    """Put the host's project volume on `size_mb` MiB, empty. The host's container must be gone."""
    take_away(name)
    volume = Volumes.of(name).project
    succeeds("volume", "rm", "--force", volume)
    options = [f"--opt=o=size={size_mb}m", "--opt=type=tmpfs", "--opt=device=tmpfs"]
    docker("volume", "create", *options, volume)
    docker(
        "run",
        "--detach",
        "--init",
        "--network=none",
        f"--name={_holder(name)}",
        f"--volume={volume}:/opt/hummii",
        "--entrypoint=sleep",
        image,
        "infinity",
    )


def take_away(name: str) -> None:
    """Remove the small file system, if the host has one; the next volume of that name is an ordinary one."""
    if container.exists(_holder(name)):
        docker("rm", "--force", "--volumes", _holder(name))
        docker("volume", "rm", "--force", Volumes.of(name).project)


def _holder(name: str) -> str:
    return f"{name}-holder"
