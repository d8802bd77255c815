"""A project that is read on this machine, with a docker that answers from files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from facts_stacks import image_id

from hummii_ops.facts.reading.parse import parse
from hummii_ops.facts.reading.read import read_arguments, script
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory.models import Environment

NAME = "docker-compose.prod.yml.backup-"

SECRET = "s3cret-value"

CONTAINER = {
    "Id": "a" * 64,
    "Name": "/hummii-api-1",
    "Image": image_id("x"),
    "Ref": "x:1",
    "Created": "2026-01-02T03:04:05.123456789Z",
    "RestartCount": 2,
    "Status": "running",
    "StartedAt": "2026-01-02T03:04:06Z",
    "FinishedAt": "0001-01-01T00:00:00Z",
    "Health": None,
    "Healthcheck": {"Test": "CMD", "Interval": 2_000_000_000, "Timeout": 0, "StartPeriod": 0, "Retries": 0},
    "Labels": {"service": "api", "project": "hummii", "number": "1", "oneoff": "False"},
}

DOCKER = """#!/bin/sh
case "$*" in
  'ps -aq'*) echo "$ID" ;;
  ps*) echo "$ID x:1 " ;;
  'inspect'*Status*Id*|inspect*Resolv*) cat "$ANSWERS/container" ;;
  inspect*) echo "container api $ID $IMAGE restarting" ;;
  version*) echo '{"Client":{"Version":"28"},"Server":{"Version":"27","ApiVersion":"1.47"}}' ;;
  'compose version'*) echo v2.26.1 ;;
  *config*) cat >/dev/null; echo 'services: {}' ;;
esac
"""


def environment(place: Path) -> Environment:
    """An environment whose project is that folder, and that asks no URL."""
    return Environment.model_validate(
        {
            "name": "lab",
            "hosts": [{"name": "lab-1", "address": "192.0.2.1", "user": "deploy"}],
            "project_dir": str(place),
            "health": {"inside": None},
        }
    )


def run(shell: str, text: str, *arguments: str, place: Path, docker: str | None = DOCKER) -> bytes:
    """The answer of a script under a shell, with that docker in front of the real one."""
    tools = place.parent / "tools"
    tools.mkdir(exist_ok=True)
    if docker is not None:
        (tools / "docker").write_text(docker)
        (tools / "docker").chmod(0o755)
    (tools / "container").write_text(json.dumps(CONTAINER))
    done = subprocess.run(
        [shell, "-s", "--", *arguments],
        input=text.encode(),
        capture_output=True,
        timeout=60,
        env={
            "PATH": f"{tools}:/usr/bin:/bin",
            "ANSWERS": str(tools),
            "ID": "a" * 64,
            "IMAGE": image_id("x"),
            "TZ": "Europe/Berlin",
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def a_read(place: Path, shell: str = "dash", docker: str = DOCKER) -> tuple[bytes, Snapshot]:
    """One read of the folder."""
    answer = run(shell, script("read.sh"), *read_arguments(environment(place)), place=place, docker=docker)
    return answer, parse(answer, environment(place), host_name="lab-1")
