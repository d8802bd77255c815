"""A server that we do not know yet → what its environment in the inventory could be. Pure.

Never guesses in silence: what could not be found is a sentence in `notes`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import dirname, normpath

from hummii_ops.errors import Refused
from hummii_ops.facts.new_server.roles import is_database, is_odd, is_proxy, proxy_of, version_service_of
from hummii_ops.facts.new_server.unknown_server import HealthAnswer, Seen, Server
from hummii_ops.facts.restore_points.compose_text import ComposeText, Unparsable, parse_compose
from hummii_ops.facts.restore_points.image_refs import image_ref

COMPOSE_NAMES = (
    *("docker-compose.prod.yml", "docker-compose.production.yml", "compose.prod.yaml", "compose.prod.yml"),
    *("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"),
)
HEALTH_PATHS = ("/api/health", "/health", "/healthz", "/up")
_MOST_URLS = 24


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The environment without its hosts; `notes` say what a person should know or decide."""

    project_dir: str
    project: str
    compose_file: str
    services: dict[str, str]
    version_service: str
    version: str | None
    env_files: tuple[str, ...]
    backups_dir: str
    proxy: tuple[str, tuple[str, ...]] | None
    database: tuple[str, str, str, str] | None
    urls: tuple[str, ...]
    notes: tuple[str, ...]

    def mapping(self, health: HealthAnswer | None) -> dict[str, object]:
        """What stands in inventory.yml beside the hosts; values that are everybody's defaults are left out."""
        values: dict[str, object] = {
            "project_dir": self.project_dir,
            "project": self.project,
            "compose_file": self.compose_file,
            "env_files": list(self.env_files),
            "backups_dir": self.backups_dir,
            "version_service": self.version_service,
            "health": health_of(health, self.version),
        }
        if self.proxy:
            values["proxy"] = {"service": self.proxy[0], "reload": list(self.proxy[1])}
        if self.database:
            values["database"] = dict(zip(("service", "name", "user", "backups_dir"), self.database, strict=True))
        return values


def health_of(found: HealthAnswer | None, version: str | None) -> dict[str, object]:
    """The `health:` of the environment. The version is compared only if the answer names the one that runs."""
    if found is None:
        return {"inside": None, "version_field": None}
    path = "/" + found.url.split("/", 3)[3]
    told = found.body.get("version")
    return {
        "path": path,
        "inside": found.url,
        "version_field": "version" if isinstance(told, str) and told == version else None,
    }


def propose(server: Server) -> Proposal:
    """Pure. Refused when docker cannot be asked, or there is no such folder or no compose file in it."""
    _must_be_usable(server)
    folder = server.project_dir
    ours = [one for one in server.containers if _stands_in(one, folder)]
    notes: list[str] = []
    compose_file = _compose_file(server, ours, notes)
    text = _parsed(server.composes.get(f"{folder}/{compose_file}"), compose_file, notes)
    project = _project(server, ours, folder, server.composes.get(f"{folder}/{compose_file}", ""))
    ours = [one for one in ours if one.project == project]
    services = {one.service: one.image for one in ours}
    if text:
        services = {one.name: one.image or "" for one in text.services if not one.optional} | services
    if not ours:
        notes.append("nothing of it runs now: what was found is what its files say")
    version_service = version_service_of(services, notes)
    version = image_ref(services.get(version_service, "")).tag
    return Proposal(
        project_dir=folder,
        project=project,
        compose_file=compose_file,
        services=services,
        version_service=version_service,
        version=version,
        env_files=_env_files(server, text),
        backups_dir=_backups_dir(server, compose_file),
        proxy=proxy_of(services, notes),
        database=_database(server, ours, services),
        urls=_urls(server, ours, version_service),
        notes=tuple(notes),
    )


def _must_be_usable(server: Server) -> None:
    host, folder = server.hostname or "the server", server.project_dir
    if server.docker_error is not None:
        denied = "permission denied" in server.docker_error.lower()
        raise Refused(
            f"{host}: {server.user} cannot ask docker: {server.docker_error}",
            remedy=f"on the server: sudo usermod -aG docker {server.user}, then log in anew"
            if denied
            else "on the server: see that Docker Engine with the compose plugin is installed and runs",
        )
    elsewhere = list(dict.fromkeys(one.working_dir for one in server.containers if one.working_dir))
    hint = f"; Compose projects run there from: {', '.join(elsewhere)}" if elsewhere else ""
    where = f"--project-dir={elsewhere[0]}" if elsewhere else "--project-dir=/the/folder/of/the/compose/file"
    if server.folder is None:
        raise Refused(f"{host}: there is no folder {folder}{hint}", remedy=f"name it: {where}")
    if not server.composes:
        raise Refused(f"{host}: {folder} has no compose file that {server.user} can read{hint}", remedy=where)


def _stands_in(one: Seen, folder: str) -> bool:
    return one.working_dir == folder or any(path.startswith(f"{folder}/") for path in one.config_files)


def _compose_file(server: Server, ours: Sequence[Seen], notes: list[str]) -> str:
    folder = server.project_dir
    labelled = list(dict.fromkeys(one.config_files for one in ours if one.config_files))
    if labelled:
        first = labelled[0]
        if len(first) > 1:
            names = ", ".join(first)
            notes.append(f"the stack was started from several compose files ({names}): only the first is rolled back")
        inside = first[0] if first[0].startswith("/") else f"{folder}/{first[0]}"
        if inside.startswith(f"{folder}/"):
            return inside.removeprefix(f"{folder}/")
        notes.append(f"the stack was started from {inside}, which is not in {folder}")
    found = next((name for name in COMPOSE_NAMES if f"{folder}/{name}" in server.composes), None)
    with_services = [path for path in sorted(server.composes) if _has_services(server.composes[path])]
    if found is None and not with_services:
        raise Refused(
            f"{server.hostname}: no file in {folder} is a compose file", remedy="name the folder: --project-dir=…"
        )
    return found or with_services[0].removeprefix(f"{folder}/")


def _has_services(text: str) -> bool:
    try:
        return bool(parse_compose(text).services)
    except Unparsable:
        return False


def _parsed(text: str | None, name: str, notes: list[str]) -> ComposeText | None:
    try:
        return parse_compose(text or "")
    except Unparsable as error:
        notes.append(f"{name} cannot be read as a compose file: {error}")
        return None


def _project(server: Server, ours: Sequence[Seen], folder: str, text: str) -> str:
    if ours:
        return ours[0].project
    named = re.search(r"^name:\s*[\"']?([a-z0-9][a-z0-9_-]*)", text, re.MULTILINE)
    # What Compose itself makes of a folder's name.
    return named[1] if named else re.sub(r"[^a-z0-9_-]", "", folder.rpartition("/")[2].lower()).lstrip("_-") or "app"


def _env_files(server: Server, text: ComposeText | None) -> tuple[str, ...]:
    named = [path for one in (text.services if text else ()) for path, _ in one.env_files]
    inside = [normpath(path.removeprefix(f"{server.project_dir}/")) for path in named]
    usual = [".env"] if ".env" in server.names else []
    return tuple(dict.fromkeys(path for path in (*usual, *inside) if not path.startswith(("/", ".."))))


def _backups_dir(server: Server, compose_file: str) -> str:
    name = f"/{compose_file.rpartition('/')[2]}.backup-"
    folders = [dirname(path) for path in server.backups if name in path and ".release/" not in path]
    return _inside(server, folders) or "backups"


def _inside(server: Server, folders: Sequence[str]) -> str | None:
    """The folder that is named most often, relative to the project."""
    within = [
        path.removeprefix(f"{server.project_dir}/") for path in folders if path.startswith(f"{server.project_dir}/")
    ]
    return max(dict.fromkeys(within), key=within.count, default=None)


def _database(server: Server, ours: Sequence[Seen], services: dict[str, str]) -> tuple[str, str, str, str] | None:
    service = next((one for one, image in services.items() if is_database(image)), None)
    if service is None:
        return None
    seen = next((one for one in ours if one.service == service), None)
    # What the image itself takes when they are not said (hub.docker.com/_/postgres).
    user = (seen.database_user if seen else "") or "postgres"
    name = (seen.database if seen else "") or user
    dumps = [dirname(path) for path in server.backups if path.endswith((".dump", ".sql", ".sql.gz"))]
    return service, name, user, _inside(server, dumps) or "backups/database"


def _urls(server: Server, ours: Sequence[Seen], version_service: str) -> tuple[str, ...]:
    """Where health could be asked on the host: the proxy's ports first, then the application's, then others."""

    def rank(one: Seen) -> int:
        if is_proxy(one.image):
            return 0
        return 1 if one.service == version_service else 2

    doors = [one for one in sorted(ours, key=rank) if rank(one) < 2 or not is_odd(one.image)]
    checked = [path for service, path in server.healthchecks if service in {one.service for one in doors}]
    paths = tuple(dict.fromkeys((*(path for path in checked if path != "/"), *HEALTH_PATHS)))
    bases = dict.fromkeys(base for one in doors for base in one.ports)
    return tuple(f"{base}{path}" for base in bases for path in paths)[:_MOST_URLS]
