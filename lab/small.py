"""A small host: sshd, PostgreSQL and a stand-in of an engine in one plain container, for faults by the hundred.

It is killed and booted in a second. Its project folder is a small file system that survives that; /run does not.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from lab import container
from lab.base_image import ensure_base
from lab.docker import Ask, DockerFailed, Say, docker, has_image
from lab.images import RECIPES, Image, build, inputs_hash
from lab.locks import held, machine_wide
from lab.state import LOOPBACK, Lab

PROJECT = "/opt/hummii"
# Some runs with their libraries, and little to fill.
PROJECT_MB = 24
PORT_TRIES = 5


@dataclass(frozen=True, kw_only=True)
class SmallHost:
    """A small host that runs: its container, and where it listens on this machine."""

    name: str
    ssh_port: int
    url_port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.url_port}"

    def kill(self) -> None:
        """A power cut."""
        docker("kill", self.name)

    def boot(self) -> None:
        """Start it again, until SSH answers."""
        docker("start", self.name)
        self.await_sshd()

    def await_sshd(self) -> None:
        container.until(lambda: _answers(self.ssh_port), limit_s=60, what=f"sshd of {self.name}")

    def host_key(self) -> str:
        text = container.inside(self.name, "cat", "/var/lib/lab/ssh/ssh_host_ed25519_key.pub")
        return " ".join(text.split()[:2])


def ensure_image(*, say: Say, ask: Ask) -> str:
    """The tag of its image, built now if it is missing."""
    with held(machine_wide("images"), say=say, why="building the lab's images"):
        base = ensure_base(say=say, ask=ask)
        recipe, args = RECIPES / "small", (f"BASE={base}",)
        image = Image(f"hummii-lab/small:{inputs_hash(recipe, *args)}", "", recipe, args)
        if not has_image(image.tag):
            build(image, say=say)
    return image.tag


def up(lab: Lab, *, say: Say, ask: Ask) -> SmallHost:
    """A new small host of this lab; one that is there is thrown away."""
    image = ensure_image(say=say, ask=ask)
    lab.folder.mkdir(parents=True, exist_ok=True)
    name = f"{lab.prefix}-host"
    down(lab)
    options = [f"--opt=o=size={PROJECT_MB}m", "--opt=type=tmpfs", "--opt=device=tmpfs"]
    docker("volume", "create", *options, f"{name}-project")
    hold = ("--detach", "--init", "--network=none", f"--name={name}-holder", f"--volume={name}-project:{PROJECT}")
    docker("run", *hold, "--entrypoint=sleep", image, "infinity")
    with held(machine_wide("ports"), say=lambda _: None, why="choosing ports"):
        ports = lab.free_ports(set())
        for attempt in range(1, PORT_TRIES + 1):
            host = SmallHost(name=name, ssh_port=next(ports), url_port=next(ports))
            try:
                _start(lab, host, image)
                break
            except DockerFailed:
                docker("rm", "--force", "--volumes", name)
                if attempt == PORT_TRIES:
                    raise
    host.await_sshd()
    return host


def down(lab: Lab) -> None:
    """Nothing of it is left."""
    name = f"{lab.prefix}-host"
    for one in (name, f"{name}-holder"):
        if container.exists(one):
            docker("rm", "--force", "--volumes", one)
    docker("volume", "rm", "--force", f"{name}-project")


def _start(lab: Lab, host: SmallHost, image: str) -> None:
    docker(
        "run",
        "--detach",
        f"--name={host.name}",
        "--hostname=small",
        "--tmpfs=/run:exec,mode=1777",
        f"--volume={host.name}-project:{PROJECT}",
        f"--env=LAB_AUTHORIZED_KEYS={lab.public_key()}",
        f"--publish={LOOPBACK}:{host.ssh_port}:22",
        f"--publish={LOOPBACK}:{host.url_port}:80",
        image,
    )


def _answers(port: int) -> bool:
    import socket

    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as link:
            return link.recv(4) == b"SSH-"
    except OSError:
        time.sleep(0.02)
        return False
