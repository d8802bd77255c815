"""An engine that has the stack's images and nothing else: filled once for a machine, copied for every lab."""

from __future__ import annotations

import hashlib
import subprocess

from lab import container
from lab.container import Volumes
from lab.docker import Say, docker, environment, has_image, has_volume, succeeds
from lab.images import Images
from lab.locks import held, machine_wide

ENGINE_LIMIT_S = 90.0


def ensure_seed(images: Images, *, say: Say) -> str:
    """Return the name of the seed's volume, filled now if it was missing."""
    tags = "\n".join(image.tag for image in images.all())
    key = hashlib.sha256(tags.encode()).hexdigest()[:12]
    volume, mark = f"hummii-lab-seed-{key}", f"hummii-lab/seed:{key}"
    with held(machine_wide("images"), say=say, why="building the lab's images"):
        if not (has_image(mark) and has_volume(volume)):
            say("seed: loading the stack's images into a host's engine …")
            _fill(volume, images)
            # A volume cannot be renamed when it is whole, so a tag says that it is.
            docker("tag", images.host.tag, mark)
    return volume


def copy(source: str, target: str, image: str, *, again: bool = False) -> None:
    """Make the volume `target` a copy of `source`; `again`: most of it is one already. No host may run."""
    # An engine's layers carry trusted.* attributes, which only SYS_ADMIN may read and write.
    tool = ["rsync", "-aHAX", "--numeric-ids", "--delete", "--modify-window=-1"] if again else ["cp", "-a"]
    docker(
        "run",
        "--rm",
        "--network=none",
        "--cap-add=SYS_ADMIN",
        "--security-opt=apparmor=unconfined",
        f"--volume={source}:/from:ro",
        f"--volume={target}:/to",
        f"--entrypoint={tool[0]}",
        image,
        *tool[1:],
        "/from/" if again else "/from/.",
        "/to/",
        limit_s=600,
    )


def _fill(volume: str, images: Images) -> None:
    filling = f"{volume}-filling"
    volumes = Volumes(engine=volume, project=f"{filling}-project", keys=f"{filling}-keys")
    succeeds("rm", "--force", filling)
    succeeds("volume", "rm", "--force", *volumes.names())
    try:
        container.start(filling, images.host.tag, "seed", volumes)
        container.until(
            lambda: container.engine_answers(filling), limit_s=ENGINE_LIMIT_S, what="the engine of a lab host"
        )
        _load(filling, images)
        docker("stop", "--time=30", filling)
    finally:
        succeeds("rm", "--force", filling)
        succeeds("volume", "rm", "--force", volumes.project, volumes.keys)


def _load(filling: str, images: Images) -> None:
    save = ["docker", "save", *(image.tag for image in images.inner)]
    load = ["docker", "exec", "-i", filling, "docker", "load", "-q"]
    with subprocess.Popen(save, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment()) as saving:
        # A load that fails shows at once below: then the first tag has nothing to point at.
        subprocess.run(load, stdin=saving.stdout, capture_output=True, env=environment(), check=False)
    for image in images.inner:
        container.inside(filling, "docker", "tag", image.tag, image.inner)
        container.inside(filling, "docker", "rmi", image.tag)
