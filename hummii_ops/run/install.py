"""Puts the server's own door on a host: runner, verbs, the sh that chooses, and scripts/rollback.sh.

What is installed is a folder named after its content; the script follows a `current` link, and a run has its own copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from math import ceil

from hummii_ops.errors import Refused, UsageError
from hummii_ops.facts.database.read_backups import check_sql
from hummii_ops.inventory import Environment
from hummii_ops.run import ship
from hummii_ops.run.entry import heredoc, refusal
from hummii_ops.transport import Transport

FOREIGN, KEPT_ALREADY = 79, 80


@dataclass(frozen=True, kw_only=True)
class Library:
    """What goes onto a host; `version` is the beginning of its manifest's sha256."""

    texts: dict[str, str]
    version: str


def library(environment: Environment, host_name: str, more: Mapping[str, str] | None = None) -> Library:
    """The library for one host, with what its inventory says, and `more`. Raises UsageError for what it cannot know."""
    texts = {f"run/{name}": text for name, text in ship.library().items()}
    host = files("hummii_ops.host")
    texts["run/entry.sh"] = host.joinpath("entry.sh").read_text(encoding="utf-8")
    for room in ("door", "guard"):
        for part in sorted(host.joinpath(room).iterdir(), key=lambda path: path.name):
            if part.name.endswith(".sh"):
                texts[f"{room}/{part.name}"] = part.read_text(encoding="utf-8")
    for shared in ("reading/hashes.sh", "database/migrations.sh"):
        text = files("hummii_ops.facts").joinpath(shared).read_text(encoding="utf-8")
        texts[f"door/{shared.split('/')[1]}"] = text
    texts["settings"] = settings(environment, host_name)
    texts["check.sql"] = check_sql(environment.database)
    texts |= more or {}
    sums = (f"{sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(texts.items()))
    manifest = "".join(sums)
    return Library(texts=texts | {"manifest": manifest}, version=sha256(manifest.encode()).hexdigest()[:16])


def settings(environment: Environment, host_name: str) -> str:
    """The inventory's words that the door needs, as key=value lines; a key with several values has several lines."""
    health, proxy, database = environment.health, environment.proxy, environment.database
    files_ = (environment.project_dir, environment.compose_file, *environment.env_files, *environment.files)
    if spaced := [path for path in files_ if any(char.isspace() for char in path)]:
        raise UsageError(
            f"the server's door cannot work with white space in the name of a file or folder: {spaced[0]!r}",
            remedy="rename it, or roll back from a laptop",
        )
    values: list[tuple[str, str | None]] = [
        ("environment", environment.name),
        ("host_name", host_name),
        ("project", environment.project),
        ("project_dir", environment.project_dir),
        ("compose_file", environment.compose_file),
        ("backups_dir", environment.backups_dir),
        ("version_service", environment.version_service),
        ("health_url", health.inside),
        ("version_field", health.version_field),
        ("settle", str(int(health.settle_s))),
        ("health_timeout", str(ceil(health.timeout_s)) if health.timeout_s else None),
        ("proxy", proxy.service if proxy else None),
        ("become", environment.become),
        ("database_service", database.service if database else None),
        ("database_name", database.name if database else None),
        ("database_user", database.user if database else None),
        ("migrations_dir", database.migrations_dir if database else None),
        ("database_backups", database.backups_dir if database else None),
        ("cache_service", database.cache.service if database and database.cache else None),
        *(("writer", name) for name in (database.writers if database else ())),
        *(("cache_prefix", name) for name in (database.cache.prefixes if database and database.cache else ())),
        *(("reload", line) for line in (proxy.reload if proxy else ())),
        *(("env_file", path) for path in environment.env_files),
        *(("file", path) for path in environment.files),
        *(("keep", name) for name in environment.keep_env),
        *(("deploy", word) for word in environment.deploy_processes),
    ]
    return "".join(f"{key}={value}\n" for key, value in values if value)


def install(transport: Transport, home: str, made: Library, *, replace: bool) -> None:
    """Put it there; doing it again changes nothing.

    Raises Refused when there is a script of such a name that is not ours and `replace` is not said, or nothing can be
    written; then nothing was changed.
    """
    room = files("hummii_ops.host")
    parts = ("entry.sh", "lease.sh", "door/install.sh")
    text = "\n".join(
        (
            *(room.joinpath(name).read_text(encoding="utf-8") for name in parts),
            heredoc("payload", ship.pack(made.texts)),
            'install_door "$@"\n',
        )
    )
    result = transport.call(text, home, made.version, "replace" if replace else "keep", limit_s=60)
    if result.exit_code == 0:
        return
    script = result.stdout.decode(errors="replace").strip()
    if result.exit_code == FOREIGN:
        raise Refused(
            f"{transport.name}: there is a {script} that is not ours; nothing was changed",
            remedy=f"look at it, then: fab install-host --replace   (it is kept as {script}.before-hummii-ops)",
        )
    if result.exit_code == KEPT_ALREADY:
        raise Refused(
            f"{transport.name}: there is a {script}.before-hummii-ops already, and another {script} that is not ours",
            remedy="take one of the two away first",
        )
    raise refusal(result.exit_code, result.stderr.decode(errors="replace"), transport.name, "install-host")
