"""Makes a restore point of what runs: its record, and the folder that the host fills with its own files.

The host copies its files itself, so that no env file ever travels.
"""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from hummii_ops.errors import Refused
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.plans.before import state_of, version_of
from hummii_ops.run import ship
from hummii_ops.run.entry import Entry

SCHEMA = "hummii-ops/release/v1"


def record_of(snapshot: Snapshot, environment: Environment, *, who: str, reason: str) -> dict[str, Any]:
    """The record of the release that runs. Raises Refused when the files on disk are not what runs."""
    state = state_of(snapshot, environment.version_service)
    drifted = [one.service for one in state.services if not one.hashes]
    if snapshot.compose.sha256 is None or drifted or not state.services:
        what = f"the files on disk are not what runs ({', '.join(drifted)})" if drifted else "nothing runs, or no file"
        raise Refused(
            f"{snapshot.host_name}: {what}: a restore point of it would restore something else",
            remedy="bring files and services together first (docker compose up -d), or roll back",
        )
    digests = {image.id: next(iter(image.digests), None) for image in snapshot.images}
    compose = environment.compose_file
    return {
        "schema": SCHEMA,
        "at": snapshot.read_at.isoformat(),
        "reason": reason,
        "who": who,
        "compose_sha256": snapshot.compose.sha256,
        "services": {
            one.service: {
                "ref": one.ref,
                "image_id": one.image_id,
                "digest": digests.get(one.image_id),
                "config_hash": snapshot.service(one.service)[0].config_hash,
            }
            for one in state.services
        },
        "files": {name: sha for name, sha in state.files.items() if name != compose},
        "version": version_of(snapshot, environment.version_service),
        "identity": state.identity,
    }


def name_at(read_at: datetime, compose_file: str) -> str:
    """The restore point's file name: the compose file's, and the UTC time of the host's clock."""
    return f"{compose_file.rsplit('/', 1)[-1]}.backup-{read_at:%Y%m%d_%H%M%S}Z"


def write(entry: Entry, environment: Environment, record: dict[str, Any], name: str) -> str:
    """Have the host make it; returns its path there. Raises Refused if the host has moved since it was read."""
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    services = _services(record)
    sums = {"record.json": sha256(text.encode()).hexdigest(), "compose": record["compose_sha256"]}
    sums |= {"services": sha256(services.encode()).hexdigest()}
    sums |= {f"files/{file}": sha for file, sha in record["files"].items()}
    texts = {
        "record.json": text,
        "services": services,
        "names": "".join(f"{file}\n" for file in record["files"]),
        "manifest": "".join(f"{sha}  {file}\n" for file, sha in sums.items()),
    }
    path = f"{environment.project_dir}/{environment.backups_dir}/{name}"
    images = sorted({one["image_id"] for one in record["services"].values()})
    entry.call("keep_release", path, environment.compose_file, *images, payload=ship.pack(texts))
    return path


def _services(record: dict[str, Any]) -> str:
    """`service image_id config_hash ref` a line, for the server's own door, which reads no JSON."""
    rows = ((name, one["image_id"], one["config_hash"] or "-", one["ref"]) for name, one in record["services"].items())
    return "".join(f"{' '.join(row)}\n" for row in sorted(rows))
