"""The lab's host, as the benchmark's parts need it: put back, reached into, and an operator's folder for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lab import container, stack
from lab.docker import Say
from lab.state import Lab, LabHost


@dataclass(frozen=True)
class Production:
    """The one host of a lab that is up."""

    lab: Lab

    @cached_property
    def host(self) -> LabHost:
        return self.lab.read().hosts[0]

    def reset(self, say: Say) -> None:
        """Release 1.0 and seed data again."""
        stack.reset(self.lab, say=say, ask=lambda _: True)

    def inside(self, command: str, *, stdin: str = "", limit_s: float = 120) -> str:
        """A line of sh in the project's folder, as its owner; its stdout. Raises DockerFailed."""
        name, line = self.lab.container(self.host), f"cd /opt/hummii && {command}"
        return container.inside(name, "sh", "-ec", line, user="deploy", stdin=stdin, limit_s=limit_s)

    def laptop(self, folder: Path, *, port: int | None = None) -> Path:
        """Make `folder` an operator's; with `port`, the host is reached through it. Gives its file of host keys."""
        environment = self.lab.environment_file.read_text(encoding="utf-8")
        known = self.lab.known_hosts.read_text(encoding="utf-8")
        here, there = self.host.ssh_port, port or self.host.ssh_port
        keys = folder / "known_hosts"
        keys.write_text(known.replace(f":{here}", f":{there}"), encoding="utf-8")
        text = environment.replace(f"port: {here}", f"port: {there}").replace(str(self.lab.known_hosts), str(keys))
        (folder / "environment.yml").write_text(text, encoding="utf-8")
        (folder / "inventory.yml").write_text("environments:\n  lab:\n    include: environment.yml\n", encoding="utf-8")
        return keys


def until(ready: Callable[[], bool], what: str, limit_s: float = 90) -> None:
    """Poll until it is so. Raises TimeoutError."""
    deadline = time.monotonic() + limit_s
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit_s:.0f} s for {what}")
        time.sleep(0.05)
