"""Snapshots of a small healthy stack, with what a test wants to be otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.release import Record, Release, ServiceImage, identity
from hummii_ops.facts.snapshot import ComposeFact, HealthAnswer, ProjectDir, Snapshot
from hummii_ops.facts.stack import ContainerFact, EngineFact, Healthcheck, ImageFact

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
REFS = {"nginx": "hummii-nginx:1.22", "api": "hummii-api:1.0", "postgres": "postgres:15"}
COMPOSE = "services:\n" + "".join(f"  {name}:\n    image: {ref}\n" for name, ref in REFS.items())
COMPOSE_SHA256 = sha256(COMPOSE.encode()).hexdigest()
CHECK = Healthcheck(interval_s=2, timeout_s=3, start_period_s=2, retries=3)


def image_id(word: str) -> str:
    return "sha256:" + sha256(word.encode()).hexdigest()


def container(service: str, number: int = 1, **otherwise: Any) -> ContainerFact:
    """A replica that has been up for an hour, healthy where it is the api."""
    one = ContainerFact(
        id=sha256(f"{service}{number}".encode()).hexdigest(),
        name=f"hummii-{service}-{number}",
        project="hummii",
        service=service,
        number=number,
        one_off=False,
        image_id=image_id(REFS.get(service, service)),
        image_ref=REFS.get(service, service),
        config_hash="h",
        status="running",
        health="healthy" if service == "api" else None,
        exit_code=0,
        oom_killed=False,
        restart_count=0,
        created_at=NOW - timedelta(hours=1),
        started_at=NOW - timedelta(hours=1),
        finished_at=None,
        restart_policy="unless-stopped",
        healthcheck=CHECK if service == "api" else None,
        working_dir="/opt/hummii",
        config_files=("/opt/hummii/docker-compose.prod.yml",),
    )
    return replace(one, **otherwise)


def stack(*others: ContainerFact, without: Sequence[str] = ()) -> tuple[ContainerFact, ...]:
    """The three services; `others` stand in the place of those of their service."""
    replaced = {one.service for one in others} | set(without)
    return (*(container(name) for name in REFS if name not in replaced), *others)


def snapshot(*containers: ContainerFact, **otherwise: Any) -> Snapshot:
    """A host with these containers, or with the whole healthy stack."""
    hashes = dict.fromkeys(REFS, "h")
    one = Snapshot(
        host_name="prod-1",
        project="hummii",
        read_at=NOW,
        compose=ComposeFact(
            path="docker-compose.prod.yml", content=COMPOSE, sha256=COMPOSE_SHA256, config_hashes=hashes
        ),
        project_dir=ProjectDir(path="/opt/hummii", exists=True),
        engine=EngineFact(server_version="20.10.24"),
        containers=containers or stack(),
        images=tuple(
            ImageFact(id=image_id(ref), tags=(ref,), digests=(), created_at=None, version=None, size_bytes=1)
            for ref in REFS.values()
        ),
        health=HealthAnswer(
            url="http://127.0.0.1/api/health", code=200, body='{"status":"ok","version":"1.0"}', elapsed_ms=4
        ),
    )
    return replace(one, **otherwise)


def later(one: Snapshot, *containers: ContainerFact, seconds: float = 3, **otherwise: Any) -> Snapshot:
    """The same host read again."""
    changes = otherwise | ({"containers": containers} if containers else {})
    return replace(one, read_at=one.read_at + timedelta(seconds=seconds), **changes)


def release(*, at: datetime, refs: dict[str, str] | None = None, images: dict[str, str] | None = None) -> Release:
    """A recorded restore point of the stack."""
    refs = refs or REFS
    images = images or {name: image_id(ref) for name, ref in refs.items()}
    named = identity(COMPOSE_SHA256, images)
    record = Record(
        at=at.isoformat(),
        reason="",
        who="",
        compose_sha256=COMPOSE_SHA256,
        refs=refs,
        images=images,
        digests={},
        config_hashes={},
        files={},
        version=None,
        identity=named,
    )
    services = tuple(ServiceImage(service=n, ref=r, image_id=images[n], on_host=True) for n, r in refs.items())
    return Release(
        id=at.strftime("%Y%m%d_%H%M%S"),
        name="b",
        path="/b",
        at=at,
        services=services,
        identity=named,
        recorded=True,
        record=record,
    )


def run(*, state: str, at: datetime, to_identity: str = "", from_identity: str = "") -> RunFact:
    """A run that ended at a moment."""
    return RunFact(
        run_id="20261122T110000Z-rollback-abcd",
        task="rollback",
        who="",
        reason="",
        since=at,
        from_release="1.1",
        to_release="1.0",
        from_identity=from_identity,
        to_identity=to_identity,
        state=state,
        state_at=at,
        outside=None,
    )
