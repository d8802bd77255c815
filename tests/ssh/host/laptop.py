"""A laptop whose inventory names the rig's project as a host behind a real sshd, and fab on it as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True)
class Laptop:
    """`environment` is what its inventory says."""

    folder: Path
    environment: dict[str, Any]

    def write(self, **more: Any) -> None:
        """The inventory, with more in it."""
        text = json.dumps({"environments": {"test": self.environment | more}})
        (self.folder / "inventory.yml").write_text(text)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """fab WORDS, without a terminal."""
        env = {name: text for name, text in os.environ.items() if not name.startswith(("GITHUB_", "HUMMII_"))}
        env |= {"HUMMII_INVENTORY": str(self.folder / "inventory.yml"), "HUMMII_ENV": "test"}
        env |= {"LAPTOP_TOKEN": "a token of a test"}
        command = [sys.executable, "-m", "fabric", f"--search-root={ROOT}", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env=env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )

    def fab(self, *words: str) -> tuple[int, str, str]:
        """Its exit code, and all that it says."""
        with self.start(*words) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err


def laid(start_sshd: Callable[..., Any], folder: Path) -> Laptop:
    """The host's docker does not answer: no step of a rig needs it."""
    for name in ("laptop", "bin"):
        (folder / name).mkdir()
    docker = folder / "bin" / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(0o755)
    sshd = start_sshd(f"SetEnv PATH={folder}/bin:/usr/bin:/bin HOME={folder}")
    host = {"name": "here", "address": "127.0.0.1", "port": sshd.port, "user": sshd.user}
    environment: dict[str, Any] = {"hosts": [host | {"identity_file": str(sshd.key)}], "ssh_config": False}
    environment |= {"known_hosts": [str(sshd.known_hosts(sshd.line("ed25519")))], "project": "none"}
    environment |= {"project_dir": str(folder / "project"), "env_files": []}
    made = Laptop(folder=folder / "laptop", environment=environment)
    made.write()
    return made
