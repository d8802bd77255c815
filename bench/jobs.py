"""The jobs that are compared: each is a command to run here, and what is sent to it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

FAB = str(Path(sys.executable).with_name("fab"))

_HEAD = """set -e
cd /opt/hummii
date +%s%3N
cp docker-compose.prod.yml docker-compose.prod.yml.before
cp "$1" docker-compose.prod.yml
"""

FLOOR = (
    _HEAD
    + """docker compose -p hummii -f docker-compose.prod.yml up -d --no-build --pull never --no-deps api >/dev/null 2>&1
until [ "$(docker inspect --format '{{.State.Health.Status}}' hummii-api-1)" = healthy ]; do sleep 0.1; done
curl -sf http://127.0.0.1/api/health >/dev/null
date +%s%3N
"""
)

PROCEDURE = (
    _HEAD
    + """docker compose -f docker-compose.prod.yml down >/dev/null 2>&1
docker compose -f docker-compose.prod.yml up -d >/dev/null 2>&1
docker compose -f docker-compose.prod.yml ps >/dev/null
until curl -sf http://127.0.0.1/api/health >/dev/null; do sleep 0.1; done
date +%s%3N
"""
)


@dataclass(frozen=True, kw_only=True)
class Job:
    """`argv` is run here, with `text` on its stdin. `ours`: its report is read for the changing part."""

    name: str
    argv: tuple[str, ...]
    text: str = ""
    ours: bool = False


def jobs(*, port: int, key: str, known_hosts: str, backup: str, version: str) -> tuple[Job, ...]:
    """(a) the floor, (b) the procedure, (c) plain Fabric, (d) fab rollback, all to the same host through `port`."""
    ssh = (
        "ssh", "-F", "none", "-p", str(port), "-i", key, "-o", f"UserKnownHostsFile={known_hosts}",
        "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "deploy@127.0.0.1", "sh", "-s", "--", backup,
    )  # fmt: skip
    rollback = (FAB, "rollback", f"--to={version}", "--yes", "--reason=bench", "--settle=0", "--format=json")
    return (
        Job(name="floor", argv=ssh, text=FLOOR),
        Job(name="procedure", argv=ssh, text=PROCEDURE),
        Job(name="plain fabric", argv=(sys.executable, "-m", "bench.plain_fabric", str(port), key, backup)),
        Job(name="fab rollback", argv=rollback, ours=True),
    )
