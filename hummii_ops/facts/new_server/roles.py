"""Which service of a stack is what, by its image's name: the application, the proxy, the database, or none of these."""

from __future__ import annotations

import re

from hummii_ops.facts.restore_points.image_refs import image_ref

_PROXIES = {
    "nginx": ("nginx -t", "nginx -s reload"),
    "caddy": ("caddy reload --config /etc/caddy/Caddyfile",),
    "traefik": (),
    "haproxy": (),
}
_DATABASE = re.compile(r"postgres|postgis|timescale")
_ODDS = re.compile(
    r"nginx|caddy|traefik|haproxy|envoy|postgres|postgis|timescale|pgbouncer|redis|valkey|mysql|mariadb|mongo|rabbitmq|"
    r"memcached|minio|elastic|grafana|prometheus|adminer|pgadmin|registry|certbot"
)
_APPS = ("api", "app", "web", "backend", "server")
_VERSION = re.compile(r"v?\d+(\.\d+)*([-.+]\w+)*|[0-9a-f]{7,40}")


def is_database(image: str) -> bool:
    """A PostgreSQL."""
    return bool(_DATABASE.search(image_ref(image).repository))


def is_proxy(image: str) -> bool:
    """One of the proxies that we know."""
    return any(name in image_ref(image).repository for name in _PROXIES)


def is_odd(image: str) -> bool:
    """Not what a team releases: bought in, as a proxy or a database is."""
    return bool(_ODDS.search(image_ref(image).repository.rpartition("/")[2]))


def version_service_of(services: dict[str, str], notes: list[str]) -> str:
    """The service whose tag is the version; a guess is said in `notes`."""
    ours = {name: image for name, image in services.items() if not is_odd(image)}
    for name in _APPS:
        if name in ours:
            return name
    tagged = [name for name, image in ours.items() if _VERSION.fullmatch(image_ref(image).tag or "")]
    chosen = next(iter(tagged or ours or services), "api")
    notes.append(f"the version of a release is taken from {chosen}: set version_service if that is another service")
    return chosen


def proxy_of(services: dict[str, str], notes: list[str]) -> tuple[str, tuple[str, ...]] | None:
    """The proxy that must be told to look up its upstreams anew, and the commands for it."""
    for service, image in services.items():
        repository = image_ref(image).repository.rpartition("/")[2]
        kind = next((one for one in _PROXIES if one in repository), None)
        if kind is None:
            continue
        if _PROXIES[kind]:
            return service, _PROXIES[kind]
        notes.append(f"{service} is {kind}: if it keeps the address of a container that is gone, set proxy.reload")
    return None
