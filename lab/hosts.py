"""The hosts of a lab: made as copies of its golden state, started, put back, and taken down."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from lab import container, golden, small_disk
from lab.container import Volumes
from lab.docker import DockerFailed, docker, succeeds
from lab.locks import held, machine_wide
from lab.seed import ENGINE_LIMIT_S, copy
from lab.state import LOOPBACK, Lab, LabHost, is_free

SSH_LIMIT_S = 60.0
PORT_TRIES = 5


def create(lab: Lab, number: int, image: str, *, taken: set[int]) -> LabHost:
    """Make host `number` from the golden state and start it, on free ports other than those `taken`."""
    kept = Volumes.of(f"{lab.prefix}-{number}")
    _forget(f"{lab.prefix}-{number}")
    for name in kept.names():
        docker("volume", "create", name)
    source = golden.volumes(lab)
    copy(source.engine, kept.engine, image)
    copy(source.project, kept.project, image)
    # One lab of the machine at a time looks for free ports and takes them.
    with held(machine_wide("ports"), say=lambda _: None, why="choosing ports"):
        ports = lab.free_ports(taken)
        for attempt in range(1, PORT_TRIES + 1):
            host = LabHost(number=number, ssh_port=next(ports), url_port=next(ports))
            try:
                _start(lab, host, image)
            except DockerFailed:
                if attempt == PORT_TRIES or (is_free(host.ssh_port) and is_free(host.url_port)):
                    raise
                container.remove(lab.container(host))
            else:
                break
    return host


def restore(lab: Lab, host: LabHost, image: str, *, project_mb: int | None = None) -> None:
    """Make a host the golden state again: a new container over its own volumes, with its key and ports.

    With `project_mb`, its project folder is on a file system of that many MiB until the next restore.
    """
    name = lab.container(host)
    if container.exists(name):
        container.remove(name)
    if project_mb is None:
        small_disk.take_away(name)
    else:
        small_disk.make(name, image, size_mb=project_mb)
    kept, source = Volumes.of(name), golden.volumes(lab)
    for volume in kept.names():
        docker("volume", "create", volume)
    copy(source.engine, kept.engine, image, again=True)
    copy(source.project, kept.project, image, again=True)
    _start(lab, host, image)


def wake(lab: Lab, host: LabHost) -> None:
    """Start a host that was stopped or killed, as it is, and wait for its engine."""
    name = lab.container(host)
    if not container.is_running(name):
        docker("start", name)
        container.until(lambda: container.engine_answers(name), limit_s=ENGINE_LIMIT_S, what=f"{host.name}: its engine")


def remove_all(lab: Lab) -> int:
    """Remove every host of this lab, recorded or not, with its volumes; return how many there were."""
    pattern = re.compile(re.escape(lab.prefix) + r"-\d+")
    found = [name for name in docker("ps", "--all", "--format={{.Names}}").split() if pattern.fullmatch(name)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(_forget, found))
    return len(found)


def host_key(lab: Lab, host: LabHost) -> str:
    """The host's ed25519 public key ("ssh-ed25519 AAAA…"), read over the engine and not over the network."""
    path = "/var/lib/lab/ssh/ssh_host_ed25519_key.pub"
    name = lab.container(host)
    container.until(
        lambda: succeeds("exec", name, "test", "-s", path),
        limit_s=SSH_LIMIT_S,
        what=f"host key of {host.name}",
    )
    kind, key = container.inside(name, "cat", path).split()[:2]
    return f"{kind} {key}"


def await_healthy(lab: Lab, host: LabHost) -> None:
    name = lab.container(host)
    container.until(
        lambda: golden.is_healthy(name),
        limit_s=golden.HEALTH_LIMIT_S,
        what=f"{host.name}: release 1.0 healthy",
    )


def _forget(name: str) -> None:
    succeeds("rm", "--force", "--volumes", name)
    small_disk.take_away(name)
    succeeds("volume", "rm", "--force", *Volumes.of(name).names())


def _start(lab: Lab, host: LabHost, image: str) -> None:
    container.start(
        lab.container(host),
        image,
        host.name,
        Volumes.of(lab.container(host)),
        f"--network={lab.network}",
        f"--network-alias={host.name}",
        f"--env=LAB_AUTHORIZED_KEYS={lab.public_key()}",
        f"--publish={LOOPBACK}:{host.ssh_port}:22",
        f"--publish={LOOPBACK}:{host.url_port}:80",
    )
