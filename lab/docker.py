"""The machine's own Docker Engine, reached through its command line."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO

from hummii_ops.errors import Refused

Say = Callable[[str], None]
"""Prints one line of progress to people."""

Ask = Callable[[str], bool]
"""Asks people a yes-or-no question; without a terminal the answer is yes."""


class DockerFailed(Refused):
    """A docker command ended with an error; `output` is what it said."""

    def __init__(self, args: Sequence[str], output: str) -> None:
        self.output = output.strip()
        last = "\n".join(self.output.splitlines()[-15:])
        super().__init__(
            f"`docker {' '.join(args[:4])} …` failed:\n{last}",
            remedy="look at the message above; `docker info` shows whether the engine is well",
        )


def environment() -> dict[str, str]:
    """Classic builds: the image builder that every engine has, without a plugin."""
    return {**os.environ, "DOCKER_BUILDKIT": "0", "DOCKER_CLI_HINTS": "false"}


def docker(*args: str, stdin: str | None = None, limit_s: float = 120) -> str:
    """Run one docker command and return its stdout. Raises DockerFailed."""
    try:
        done = subprocess.run(
            ["docker", *args],
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=limit_s,
            env=environment(),
            check=False,
        )
    except FileNotFoundError as error:
        raise Refused("docker is not installed", remedy="fab lab.up installs it where it can") from error
    except subprocess.TimeoutExpired as error:
        raise DockerFailed(args, f"no end after {limit_s:.0f} s") from error
    if done.returncode != 0:
        raise DockerFailed(args, done.stdout + done.stderr)
    return done.stdout.strip()


def succeeds(*args: str, limit_s: float = 60) -> bool:
    try:
        docker(*args, limit_s=limit_s)
    except DockerFailed:
        return False
    return True


def streamed(*args: str, on_line: Say, source: IO[bytes] | None = None) -> None:
    """Run a long docker command, handing each line of its output to `on_line`. Raises DockerFailed."""
    last: deque[str] = deque(maxlen=60)
    with subprocess.Popen(
        ["docker", *args],
        stdin=source or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment(),
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in process.stdout:
            last.append(line)
            on_line(line.rstrip())
    if process.returncode != 0:
        raise DockerFailed(args, "".join(last))


def has_image(tag: str) -> bool:
    return succeeds("image", "inspect", tag)


def has_volume(name: str) -> bool:
    return succeeds("volume", "inspect", name)
