"""The lab's images, tagged by the hash of their inputs: built once for a machine, shared by all checkouts."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab.base_image import ensure_base
from lab.docker import Ask, Say, has_image, streamed
from lab.locks import held, machine_wide
from lab.releases import ALL_VERSIONS

RECIPES = Path(__file__).parent / "images"
PROXY_ARGS = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Image:
    """`tag` names it in the machine's engine, `inner` in a lab host's ("" when it is not there)."""

    tag: str
    inner: str
    recipe: Path
    build_args: tuple[str, ...]


@dataclass(frozen=True)
class Images:
    host: Image
    payments: Image
    inner: tuple[Image, ...]

    def all(self) -> Iterator[Image]:
        yield self.host
        yield self.payments
        yield from self.inner


def ensure_images(*, say: Say, ask: Ask) -> Images:
    """Return the lab's images, building those that are missing. Raises Refused with a failed build's end."""
    with held(machine_wide("images"), say=say, why="building the lab's images"):
        base = ensure_base(say=say, ask=ask)
        images = _named(base)
        missing = [image for image in images.all() if not has_image(image.tag)]
        if missing:
            # The first api image fills the layers that the other versions share, so it is not raced by them.
            later = [image for image in missing if "/api:" in image.tag][1:]
            with ThreadPoolExecutor(max_workers=2) as pool:
                list(pool.map(lambda image: build(image, say=say), [i for i in missing if i not in later]))
            for image in later:
                build(image, say=say)
    return images


def _named(base: str) -> Images:
    def image(name: str, inner: str, *build_args: str, label: str = "") -> Image:
        recipe = RECIPES / name
        args = (f"BASE={base}", *build_args)
        return Image(f"hummii-lab/{name}:{label}{inputs_hash(recipe, *args)}", inner, recipe, args)

    return Images(
        host=image("host", ""),
        payments=image("payments", ""),
        inner=(
            image("postgres", "hummii-postgres:15"),
            image("redis", "hummii-redis:7"),
            image("nginx", "hummii-nginx:1.22"),
            *(image("api", f"hummii-api:{v}", f"VERSION={v}", label=f"{v}-") for v in ALL_VERSIONS),
        ),
    )


def inputs_hash(folder: Path, *more: str) -> str:
    """Twelve hex digits that change with any file below `folder`, its name, its mode, or a word of `more`."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            mode = "x" if os.access(path, os.X_OK) else "-"
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder)}\0{mode}\0{content}\n".encode())
    return digest.hexdigest()[:12]


def build(image: Image, *, say: Say) -> None:
    started = time.monotonic()
    name = image.inner or image.tag.split(":")[0]
    say(f"{name}: building …")

    def on_line(line: str) -> None:
        if line.startswith("Step ") and ": RUN " in line:
            say(f"{name}: {line[:100]}")

    args = [word for arg in image.build_args for word in ("--build-arg", arg)]
    args += [word for key in PROXY_ARGS if key in os.environ for word in ("--build-arg", key)]
    streamed("build", *args, "-t", image.tag, str(image.recipe), on_line=on_line)
    say(f"{name}: built in {time.monotonic() - started:.0f} s")
