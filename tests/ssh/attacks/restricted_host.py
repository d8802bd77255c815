"""A host that is reached with a restricted key alone."""

# ruff: noqa: E501 - a plan is read as a table

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from hummii_ops.inventory.models import Environment
from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.run import ship
from hummii_ops.run.perform import Place
from hummii_ops.steps import Effect, Step
from hummii_ops.transport import SshTransport, connect

FILE = "docker-compose.prod.yml"

BACKUP = f"{FILE}.backup-20260101_000000Z"

DOCKER = """\
#!/bin/sh
[ "$1" = inspect ] || exit 0
for word; do case $word in aaaa*) echo =restricted ;; bbbb*) echo =other ;; cccc*) echo = ;; dddd*) bad=1 ;; esac; done
exit ${bad:-0}
"""

OLD, NEW = "services: {api: {image: 'api:1.0'}}\n", "services: {api: {image: 'api:1.1'}}\n"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A project behind an sshd that a restricted key reaches; its docker knows of no container."""

    folder: Path
    environment: Environment
    sshd: Any

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def home(self) -> str:
        return f"{self.project}/.hummii-ops"

    def link(self) -> SshTransport:
        return connect(self.sshd.endpoint())

    def ssh(self, command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """By OpenSSH's own client, with whatever command."""
        words = ["ssh", "-F", "none", "-p", str(self.sshd.port), "-i", str(self.sshd.key), "-o", "BatchMode=yes"]
        words += ["-o", f"UserKnownHostsFile={self.sshd.known_hosts(self.sshd.line('ed25519'))}"]
        words += [f"{self.sshd.user}@127.0.0.1", "--", command]
        return subprocess.run(words, input=text, capture_output=True, text=True, timeout=60)

    def place(self) -> Place:
        folder = self.folder / "laptop" / "runs"
        return Place(host="host-1", home=self.home, connect=self.link, transport=self.link(), runs_dir=folder)

    def made(self) -> set[str]:
        return {path.name for path in self.folder.rglob("MADE*")}


def about(task: str = "rollback") -> ship.About:
    return ship.About(
        run_id=ship.new_run_id(task), task=task, who="ci@runner", reason="it's $(touch MADE) <why>", since_ms=1, hosts=("host-1",)
    )  # fmt: skip


def step(step_id: str, holds: tuple[str, ...], act: tuple[str, ...], effect: Effect = Effect.CHANGES) -> Step:
    return Step(id=step_id, title=step_id, effect=effect, limit_s=20, holds=holds, act=act)


def plan(host: Host) -> Plan:
    """The compose file back to the restore point, by the very verbs of a rollback."""
    live, before, target = f"{host.project}/{FILE}", f"before/{FILE}", f"target/{FILE}"
    old, new = sha256(OLD.encode()).hexdigest(), sha256((host.project / FILE).read_bytes()).hexdigest()
    state = StackState(label="-", identity=None, files={}, modes={}, services=())
    return Plan(
        task="rollback", environment="lab", host="host-1", project="restricted", project_dir=str(host.project),
        left=state, target=state,
        forward=(
            step("keep-target", ("file_kept", target, old), ("keep_file", f"{host.project}/backups/{BACKUP}", target), Effect.PREPARES),
            step("keep-before", ("file_kept", before, new), ("keep_file", live, before), Effect.PREPARES),
            step("restore-compose", ("file_as", live, target), ("put_file", target, live, "644")),
        ),
        back=(step("return-compose", ("file_as", live, before), ("put_file", before, live, "644")),),
        expect="", expect_files=(), probe_url="http://127.0.0.1:9/health",
    )  # fmt: skip
