"""A server with the guard of deploys installed: a project's folder, a real sshd, and a docker that stands in for one.

The stand-in knows containers (a file, an id a line), the rows of _prisma_migrations (a file), and nothing else: what
the guard asks of a real one, tests/lab asks.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
from host_tools import TOOLS, tools_folder

from hummii_ops.inventory import Environment
from hummii_ops.run.install import install, library
from hummii_ops.transport import LocalTransport

MORE_TOOLS = "env mktemp od uname nl wc uniq paste sed seq kill sort touch rmdir dirname curl echo true".split()  # noqa: SIM905
DOCKER = """#!/bin/sh
# containers: a line an id; migrations: rows; away: docker does not answer; hangs: this word of it does not end
world={world}
[ ! -e "$world/away" ] || exit 1
[ ! -e "$world/hangs" ] || [ "$1 $2" != "$(cat "$world/hangs")" ] || sleep 600
case "$1 $2" in
    'ps -aq') cat "$world/containers" ;;
    'ps -q') echo postgres ;;
    'exec -i') cat "$world/migrations" ;;
    'inspect --type')
        case $* in *oneoff*) ;; *) exit 1 ;; esac
        while read -r id; do echo "container api $id sha256:aa running"; done <"$world/containers" ;;
    'version '*) echo 26 ;;
    *) exit 0 ;;
esac
"""
SCHEMA = Path(__file__).resolve().parents[3] / "docs/schemas/guarded-deploy.schema.json"
COMPOSE_FILE = "docker-compose.prod.yml"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a call over SSH ended."""

    code: int
    out: str
    err: str


class Call:
    """A command over SSH that may not have ended."""

    def __init__(self, argv: Sequence[str], folder: Path) -> None:
        number = len(list(folder.glob("call-*.out")))
        self._out, self._err = folder / f"call-{number}.out", folder / f"call-{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    @property
    def err(self) -> str:
        return self._err.read_text()

    def kill(self) -> None:
        """The client alone goes, as when a job is cancelled: the server learns that the link is gone, and no more."""
        self.process.kill()
        self.process.wait(10)

    def ended(self, limit_s: float = 60) -> Ended:
        code = self.process.wait(limit_s)
        return Ended(code=code, out=self._out.read_text(), err=self.err)


class Server:
    """The server, and what CI does with it over SSH."""

    def __init__(self, folder: Path, ssh: Sequence[str], shell: str) -> None:
        self.project, self.world, self.ssh = folder / "project", folder / "world", tuple(ssh)
        self.tools = tools_folder(folder / "tools", shell)
        for name in set(MORE_TOOLS) - set(TOOLS):
            found = shutil.which(name)
            assert found, f"these tests need {name}"
            (self.tools / name).symlink_to(found)
        self.calls: list[Call] = []
        for path in (self.project, self.world):
            path.mkdir()
        (self.project / COMPOSE_FILE).write_text("services: {}\n")
        for name in ("containers", "migrations"):
            (self.world / name).write_text("")
        docker = self.tools / "docker"
        docker.write_text(DOCKER.format(world=self.world))
        docker.chmod(0o755)
        made = library(environment(self.project), "here")
        install(LocalTransport(), str(self.home), made, replace=False)

    @property
    def home(self) -> Path:
        return self.project / ".hummii-ops"

    @property
    def result(self) -> Path:
        return self.world / "result.json"

    def script(self, *lines: str) -> str:
        """A deploy script of these lines; PROJECT, WORLD and the like are there as variables."""
        path = self.world / "deploy-it"
        head = f"#!/bin/sh\nproject={self.project} world={self.world} file={self.project / COMPOSE_FILE}\n"
        path.write_text(head + "".join(f"{line}\n" for line in lines))
        path.chmod(0o755)
        return str(path)

    def guarded(self, script: str, *flags: str) -> tuple[str, ...]:
        return ("with-lease", f"--result={self.result}", *flags, "--", script)

    def start(self, *words: str) -> Call:
        """`hummii-host WORDS` over SSH, in the background."""
        line = shlex.join(["env", f"PATH={self.tools}", str(self.home / "bin/hummii-host"), *words])
        self.calls.append(Call([*self.ssh, line], self.world))
        return self.calls[-1]

    def call(self, *words: str, limit_s: float = 60) -> Ended:
        return self.start(*words).ended(limit_s)

    def deploy(self, *lines: str, flags: Sequence[str] = ()) -> tuple[Ended, dict[str, Any]]:
        """A guarded deploy to its end, and the one line of its result."""
        ended = self.call(*self.guarded(self.script(*lines), *flags))
        return ended, self.said()

    def said(self) -> dict[str, Any]:
        (line,) = self.result.read_text().splitlines()
        return as_published(line)

    def last(self, *flags: str) -> dict[str, Any]:
        ended = self.call("last-deploy", *flags)
        assert ended.code == 0, ended
        return as_published(ended.out)

    def processes(self, program: str = "") -> list[int]:
        """Shells that run this program of ours, or the script (`deploy-it`), or anything that names our folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                argv = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                ours = str(self.project.parent) in " ".join(argv)
                if ours and (not program or (len(argv) > 1 and argv[1].endswith(program))):
                    found.append(int(entry.name))
        return found

    def guardian(self) -> int:
        """Who watches over the script: its own children bear the same name."""
        every = self.processes("guard/supervise.sh")
        parents = {pid: int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in every}
        (first,) = (pid for pid in every if parents[pid] not in every)
        return first

    def busy(self) -> bool:
        with suppress(FileNotFoundError), (self.home / "busy.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def lease(self) -> str:
        path = self.home / "lease"
        return path.read_text() if path.exists() else ""

    def clear(self) -> None:
        for call in self.calls:
            call.kill()
        for _ in range(3):
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def as_published(text: str) -> dict[str, Any]:
    """The document, held against its published schema."""
    document: dict[str, Any] = json.loads(text)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    return document


def environment(project: Path) -> Environment:
    return Environment.model_validate(
        {
            "name": "test",
            "project": f"guarded-{os.getpid()}",  # not that of a lab on this machine
            "hosts": [{"name": "here", "address": "127.0.0.1"}],
            "project_dir": str(project),
            "compose_file": COMPOSE_FILE,
            "files": ["nginx.conf"],
            "health": {"path": "/"},
            "database": {"service": "postgres", "name": "shop", "user": "shop"},
        }
    )
