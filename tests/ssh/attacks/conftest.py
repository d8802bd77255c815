"""A host that is reached with a restricted key alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from restricted_host import BACKUP, DOCKER, FILE, NEW, OLD, Host

from hummii_ops.inventory.models import Environment
from hummii_ops.run import restricted
from hummii_ops.run.install import install, library
from hummii_ops.transport import LocalTransport


@pytest.fixture(scope="module")
def host(start_sshd: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Host:
    folder = tmp_path_factory.mktemp("restricted")
    for name in ("bin", "project/backups", "laptop"):
        (folder / name).mkdir(parents=True)
    docker = folder / "bin" / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    (folder / "project" / FILE).write_text(NEW)
    (folder / "project" / ".env").write_text("LEVEL=1\n")
    (folder / "project" / "backups" / BACKUP).write_text(OLD)
    environment = Environment(
        name="lab", hosts=({"name": "host-1", "address": "127.0.0.1"},), project_dir=str(folder / "project"),
        project="restricted", env_files=(".env",), health={"inside": "http://127.0.0.1:9/health"},
    )  # fmt: skip
    sshd = start_sshd(f"SetEnv PATH={folder}/bin:/usr/bin:/bin HOME={folder}")
    home = f"{environment.project_dir}/.hummii-ops"
    install(LocalTransport(), home, library(environment, "host-1", restricted.texts(environment)), replace=False)
    key = restricted.public_key(sshd.key.with_suffix(".pub").read_text())
    (sshd.folder / "authorized_keys").write_text(restricted.authorized_line(environment, key) + "\n")
    return Host(folder=folder, environment=environment, sshd=sshd)
