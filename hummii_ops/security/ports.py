"""Who may reach which port: what runs, against what the compose file and the inventory mean. Pure.

A port that is published goes past the host's own firewall: docker writes its rules before the firewall's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hummii_ops.checks import Measurement
from hummii_ops.facts.restore_points.compose_text import ComposeText, Unparsable, parse_compose
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.security.built import Built, Published
from hummii_ops.transport.text import printable

_SOURCE = "docker ps --format '{{.Names}} {{.Ports}}'"
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  # what docker calls every network; nothing is bound here


def judge(built: Sequence[Built], snapshot: Snapshot, environment: Environment) -> Iterator[Measurement]:
    """`exposed.SERVICE` for each service that runs, all its replicas together."""
    public = environment.postdeploy.public or (
        (environment.proxy.service,) if environment.proxy else (environment.version_service,)
    )
    try:
        compose: ComposeText | None = parse_compose(snapshot.compose.content or "")
    except Unparsable:
        compose = None  # verify says so
    for service in sorted({one.service for one in built}):
        replicas = [one for one in built if one.service == service]
        wrong = list(dict.fromkeys(_wrong(replicas, public, compose)))
        open_ports = sorted({port.host_port for one in replicas for port in one.published if _is_open(port)})
        said = f"open to every network: {', '.join(map(str, open_ports))}" if open_ports else "open to no network"
        yield Measurement(
            name=f"exposed.{service}",
            verdict="fail" if wrong else "pass",
            reason=printable("; ".join(wrong) or said),
            source=_SOURCE,
            value=len(open_ports),
            unit="ports",
        )


def _wrong(replicas: Sequence[Built], public: Sequence[str], compose: ComposeText | None) -> Iterator[str]:
    for one in replicas:
        if one.privileged:
            yield "it runs privileged: whoever takes it has the host"
        if one.shares_network and one.service not in public:
            yield "it shares the host's network: all its ports are open"
        for port in one.published:
            if compose is not None and not _is_meant(port, one.service, compose):
                yield f"port {port.host_port} is published, and the compose file does not say so: make it anew"
            if _is_open(port) and one.service not in public:
                yield (
                    f"port {port.host_port} is open to every network, past the firewall: "
                    f'"127.0.0.1:{port.host_port}:{port.container_port}", or name it in postdeploy.public'
                )


def _is_open(port: Published) -> bool:
    return port.address in _EVERYWHERE


def _is_meant(port: Published, service: str, compose: ComposeText) -> bool:
    """Does the compose file publish this port of the container? What it fills in from a variable may be any."""
    named = next((one.ports for one in compose.services if one.name == service), ())
    return any(_covers(text, port.container_port) for text in named)


def _covers(text: str, port: int) -> bool:
    first, _, last = text.partition("-")
    if not first.isdecimal() or (last and not last.isdecimal()):
        return True
    return int(first) <= port <= int(last or first)
