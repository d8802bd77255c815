"""One read of a server that nobody described yet, for `fab init`: propose.sh and its parser.

Never reads a password, and never takes an answer that was cut for a whole one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from hummii_ops.errors import Unreachable
from hummii_ops.facts.frames import Frames, frames, sensible
from hummii_ops.transport import LinkLost, Transport, printable


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A container of a Compose project, in short. `ports` are URLs of what it publishes, as the host itself asks."""

    project: str
    service: str
    working_dir: str
    config_files: tuple[str, ...]
    image: str
    running: bool
    ports: tuple[str, ...]
    database: str = ""
    database_user: str = ""


@dataclass(frozen=True, kw_only=True)
class Server:
    """What one read of an unknown server gave. `composes` are texts by absolute path."""

    user: str
    groups: tuple[str, ...]
    hostname: str
    project_dir: str
    folder: tuple[str, str, str] | None
    docker_error: str | None
    containers: tuple[Seen, ...]
    names: frozenset[str]
    backups: tuple[str, ...]
    composes: dict[str, str] = field(repr=False)
    healthchecks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class HealthAnswer:
    """A URL of the host that looks like health: 2xx, or 503 with JSON. `body` is that JSON, if it is one."""

    url: str
    status: int
    body: dict[str, object]


def read_server(transport: Transport, project_dir: str) -> Server:
    """One read. Unreachable when no whole answer came."""
    return parse_server(_ask(transport, "read", project_dir), project_dir, host=transport.name)


def probe(transport: Transport, urls: Sequence[str]) -> HealthAnswer | None:
    """The first of these URLs that answers as health does, asked on the host itself."""
    if not urls:
        return None
    return parse_probes(_ask(transport, "probe", *urls), host=transport.name)


@sensible
def parse_server(answer: bytes, project_dir: str, *, host: str) -> Server:
    """Read an answer of `propose.sh read`. Unreachable if it is not whole."""
    said = frames(answer, host=host)
    user, groups, hostname = (*said.one("host").text.splitlines(), "", "", "")[:3]
    folder = said.one("folder").text.strip().split("|") if said.all("folder") else None
    docker = said.one("docker")
    texts = [one.text.partition("\n") for one in said.all("compose")]
    checks = [line.partition(" ") for line in said.one("healthchecks").text.splitlines()]
    return Server(
        user=user,
        groups=tuple(groups.split()),
        hostname=hostname,
        project_dir=project_dir,
        folder=(folder[0], folder[1], folder[2]) if folder and len(folder) == 3 else None,
        docker_error=None if docker.exit_code == 0 else printable(docker.text).strip()[:300] or "no answer within 10 s",
        containers=tuple(_containers(said)),
        names=frozenset(path.rpartition("/")[2] for path in said.one("files").text.splitlines()),
        backups=tuple(said.one("backups").text.splitlines()),
        composes={path: text for path, _, text in texts},
        healthchecks=tuple(dict.fromkeys((service, path) for service, _, path in checks if path)),
    )


@sensible
def parse_probes(answer: bytes, *, host: str) -> HealthAnswer | None:
    """Read an answer of `propose.sh probe`: the first in the order of asking that will do."""
    for one in frames(answer, host=host).all("answer"):
        url, _, rest = one.text.partition("\n")
        text, _, code = rest.rpartition("\n")
        status = int(code) if code.isdecimal() else 0
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            body = None
        if 200 <= status < 300 or (status == 503 and isinstance(body, dict)):
            return HealthAnswer(url=url, status=status, body=body if isinstance(body, dict) else {})
    return None


def _ask(transport: Transport, *args: str) -> bytes:
    script = files("hummii_ops.facts.new_server").joinpath("propose.sh").read_text(encoding="utf-8")
    try:
        return transport.call(script, *args, limit_s=90).stdout
    except LinkLost as lost:
        raise Unreachable(
            f"{transport.name}: {lost.how} while the server was read; nothing was written", remedy="try again"
        ) from lost


def _containers(said: Frames) -> Iterator[Seen]:
    for line in said.one("containers").text.splitlines():
        parts = line.split("\t")
        if len(parts) != 9:
            continue
        project, service, working_dir, configs, image, running, ports, database, user = parts
        yield Seen(
            project=project,
            service=service,
            working_dir=working_dir,
            config_files=tuple(one for one in configs.split(",") if one),
            image=image,
            running=running == "true",
            ports=tuple(_ports(ports)),
            database=database,
            database_user=user,
        )


def _ports(text: str) -> Iterator[str]:
    """`HOST_IP|HOST_PORT|80/tcp …` as URLs of this host; what speaks TLS has a name that the host itself lacks."""
    for one in dict.fromkeys(text.split()):
        address, port, inside = (*one.split("|"), "", "", "")[:3]
        if not inside.endswith("/tcp") or not port.isdecimal() or port in ("0", "443", "8443"):
            continue
        if address in ("", "0.0.0.0", "::"):  # noqa: S104 - what docker says, not what we bind
            address = "127.0.0.1"
        host = f"[{address}]" if ":" in address else address
        yield f"http://{host}" if port == "80" else f"http://{host}:{port}"
