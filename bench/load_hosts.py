"""Many hosts for the benchmark, which are one: an sshd for each on the lab's host, so that all of it is really read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.production import Production
from lab import container
from lab.docker import docker

_FIRST_PORT = 3001
# Those that serve already are left alone: more hosts come to the ones that there are.
_SERVE = """
for port in $(seq "$1" "$2"); do
  [ -e "/run/sshd-$port.pid" ] || /usr/sbin/sshd -p "$port" -o "PidFile=/run/sshd-$port.pid"
done
"""


@contextmanager
def many_hosts(production: Production, folder: Path, count: int) -> Iterator[None]:
    """The operator's inventory in `folder` is one of so many hosts, and afterwards what it was."""
    name = production.lab.container(production.host)
    ports = range(_FIRST_PORT, _FIRST_PORT + count)
    container.inside(name, "sh", "-ec", _SERVE, "sh", str(ports[0]), str(ports[-1]), user="root", limit_s=120)
    networks = json.loads(docker("inspect", "--format={{json .NetworkSettings.Networks}}", name))
    address = str(networks[production.lab.network]["IPAddress"])
    keys = production.laptop(folder)
    key = keys.read_text(encoding="utf-8").split(maxsplit=1)[1].splitlines()[0]
    environment = folder / "environment.yml"
    before = {path: path.read_text(encoding="utf-8") for path in (keys, environment)}
    keys.write_text("".join(f"[{address}]:{port} {key}\n" for port in ports), encoding="utf-8")
    environment.write_text(multiplied(before[environment], address, ports), encoding="utf-8")
    yield
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


def multiplied(environment: str, address: str, ports: range) -> str:
    """The one host's line, once for each port."""
    one = next(line for line in environment.splitlines() if line.startswith("  - {name: "))
    lines = (
        re.sub(r"name: [^,]+, address: [^,]+, port: \d+", f"name: prod-{port}, address: {address}, port: {port}", one)
        for port in ports
    )
    return environment.replace(one, "\n".join(lines))
