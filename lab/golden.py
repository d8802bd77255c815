"""A lab's golden state: a host that runs release 1.0 with seed data.

Every host of the lab begins as a copy of it, and a reset makes it one again, whatever has happened to it:
engine, images, database, files.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab import container
from lab.container import Volumes
from lab.docker import Say, docker, succeeds
from lab.images import Images, inputs_hash
from lab.seed import ENGINE_LIMIT_S, copy, ensure_seed
from lab.state import Lab

PRODUCTION = Path(__file__).parent / "production"
PROJECT = "/opt/hummii"
COMPOSE_FILE = "docker-compose.prod.yml"
HEALTH_LIMIT_S = 90.0


def volumes(lab: Lab) -> Volumes:
    return Volumes.of(f"{lab.prefix}-golden")


def key(lab: Lab, images: Images, proxy: str) -> str:
    """What the golden state is made from; another key is another golden state."""
    tags = ",".join(image.tag for image in images.all())
    secrets = hashlib.sha256(lab.production_env().encode()).hexdigest()
    return inputs_hash(PRODUCTION, tags, proxy, secrets)


def make(lab: Lab, images: Images, proxy: str, *, say: Say) -> None:
    """Fill the golden volumes anew. Raises DockerFailed when the stack does not become healthy."""
    say("golden state: release 1.0 with seed data …")
    host, kept = f"{lab.prefix}-golden", volumes(lab)
    seed = ensure_seed(images, say=say)
    discard(lab)
    for name in kept.names():
        docker("volume", "create", name)
    copy(seed, kept.engine, images.host.tag)
    try:
        container.start(host, images.host.tag, "golden", kept)
        container.until(lambda: container.engine_answers(host), limit_s=ENGINE_LIMIT_S, what="the engine of a lab host")
        _put_files(host, lab.production_env(), proxy)
        container.inside(
            host,
            "docker",
            "compose",
            "-f",
            f"{PROJECT}/{COMPOSE_FILE}",
            "up",
            "-d",
            "--quiet-pull",
            user="deploy",
        )
        container.until(lambda: is_healthy(host), limit_s=HEALTH_LIMIT_S, what="release 1.0 healthy")
        container.inside(host, "sh", "-eu", stdin=(PRODUCTION / "seed-data.sh").read_text())
        # Stopped, not killed: PostgreSQL closes its files, and the restart policies stay as they are.
        docker("stop", "--time=60", host)
    finally:
        succeeds("rm", "--force", host)


def discard(lab: Lab) -> None:
    succeeds("rm", "--force", f"{lab.prefix}-golden")
    succeeds("volume", "rm", "--force", *volumes(lab).names())


def is_healthy(host: str) -> bool:
    return succeeds(
        "exec",
        host,
        "curl",
        "-fsS",
        "--max-time",
        "3",
        "-o",
        "/dev/null",
        "http://127.0.0.1/api/health",
        limit_s=10,
    )


def _put_files(host: str, env: str, proxy: str) -> None:
    def put(path: str, text: str, mode: str) -> None:
        target = f"{PROJECT}/{path}"
        container.inside(host, "install", "-m", mode, "/dev/stdin", target, user="deploy", stdin=text)

    container.inside(host, "install", "-d", "-m", "2775", f"{PROJECT}/nginx", user="deploy")
    put(COMPOSE_FILE, (PRODUCTION / COMPOSE_FILE).read_text(), "664")
    put("deploy.sh", (PRODUCTION / "deploy.sh").read_text(), "775")
    put("nginx/default.conf", (PRODUCTION / "nginx" / f"{proxy}.conf").read_text(), "664")
    put(".env", env, "600")
