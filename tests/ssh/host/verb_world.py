"""A project on a host, for one verb at a time."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from host_tools import tree
from rig import Rig, Shipped
from rig_steps import step

from hummii_ops.run import ship

ABOUT = 'who=a@b\nreason=because: it\'s "so"\nsince=1\n'


@dataclass(frozen=True, kw_only=True)
class World:
    """A run that holds the lease, and the verbs as its runner calls them."""

    rig: Rig
    run: Shipped

    @property
    def project(self) -> Path:
        return self.rig.project

    @property
    def folder(self) -> Path:
        return self.run.folder

    @property
    def home(self) -> Path:
        return self.rig.home

    def call(self, which: str, words: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        (self.folder / "forward" / "tried.sh").write_text(ship.render(step("tried", words, words)))
        argv = ["sh", "-eu", str(self.folder / "lib/step.sh"), str(self.folder), "forward/tried.sh", which]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        assert done.returncode != 90, "the lease was lost"
        return done

    def holds(self, *words: str) -> bool:
        return self.call("holds", words).returncode == 0

    def act(self, *words: str) -> int:
        return self.call("act", words).returncode

    def tree(self) -> dict[str, tuple[str, int]]:
        return {name: found for name, found in tree(self.project).items() if not name.endswith("/tried.sh")}

    def text(self, path: str, words: str) -> Path:
        """A file of the run's folder."""
        found = self.folder / path
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(words)
        return found


Words = tuple[str, ...]


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def live(world: World) -> Path:
    return world.project / "file name"


def env_files(world: World) -> None:
    world.text("target/.env", 'A=1\nexport KEEP="old secret"\nexport B=2\nKEEPER=3\n# KEEP=no')
    world.text("before/.env", "A=9\nKEEP='new $(id) \\secret'\nALSO=x=y\n")


MERGED: Words = ("target/.env.merged", "target/.env", "before/.env", "KEEP", "ALSO")
