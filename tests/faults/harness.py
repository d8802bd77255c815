"""A production that is about to be rolled back, and a hand that stops the run at one named point.

What is right is judged from outside alone: files and their modes, containers, the public URL, what fab says.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lab_operator import Operator, Working
from lab_production import FILE, PROJECT, RUNS, Production

from lab import container, stack
from lab.docker import DockerFailed, docker

POINTS = Path(__file__).with_name("points.sh")
HOME = f"{PROJECT}/.hummii-ops"
# Room for what a plan asks for (200 MiB), and a little that can be filled in a moment.
SMALL_MB = 240
ROLLBACK = ("rollback", "--latest", "--yes", "--settle=1", "--reason=1.1 answers 503")


def quiet(_line: str) -> None:
    """Progress that no test needs."""


def until(look: Callable[[], Any], *, what: str, limit_s: float) -> Any:
    """Poll until it is true, and return it; fail with `what` at the deadline."""
    deadline = time.monotonic() + limit_s
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"not within {limit_s:.0f} s: {what}"
        time.sleep(0.1)


class PassedBy(Exception):
    """The run ended well and never came to the point: this time its step held already, and there was no act."""


@dataclass(frozen=True)
class World:
    """What an operator finds on the disk and a customer at the URL. `services`: (service, image id, status), sorted."""

    files: dict[str, str]
    services: tuple[tuple[str, str, str], ...]
    answer: tuple[int, str | None]

    def difference(self, other: World) -> str:
        """In words, for the reader of a failed test; "" if there is none."""
        said = [
            f"{name}: {other.files.get(name, 'absent')}, not {self.files.get(name, 'absent')}"
            for name in sorted(self.files.keys() | other.files.keys())
            if self.files.get(name) != other.files.get(name)
        ]
        if self.services != other.services:
            said.append(f"services {other.services}, not {self.services}")
        if self.answer != other.answer:
            said.append(f"the URL answers {other.answer}, not {self.answer}")
        return "\n".join(said)


@dataclass(kw_only=True)
class Stage:
    """1.1 deployed over 1.0, the lab's host, and the point at which the next run is to stop."""

    production: Production
    operator: Operator
    laptop: Callable[[str], Operator]
    small: bool = False
    command: tuple[str, ...] = ROLLBACK
    # Its database may be another release's: a case of the database was here.
    moved: bool = False

    # the situation

    def set(self, *, small: bool = False) -> None:
        """The situation again, by the shortest way that is certain: nothing of ours, 1.1 deployed over 1.0."""
        if small != self.small or self.moved:
            self._reset(small)
        else:
            try:
                self._clear()
            except (DockerFailed, AssertionError):
                self._reset(small)
        self._install_points()
        if "old" in self.__dict__ and not self.old.difference(self.see()):
            return  # the last case ended where this one begins
        self.__dict__.pop("old", None)
        self._to_first()
        self.production.deploy("1.1")
        until(lambda: self.see().answer == (503, "1.1"), what="1.1 answers, ill", limit_s=60)
        assert [one[2] for one in self.old.services] == ["running"] * 4

    def _reset(self, small: bool) -> None:
        stack.reset(self.production.lab, project_mb=SMALL_MB if small else None, say=quiet, ask=lambda _: True)
        self.small, self.moved = small, False

    def _clear(self) -> None:
        self.production.sh(
            f"""
            iptables -F INPUT
            rm -rf /run/faults
            docker version >/dev/null
            cd {PROJECT}
            [ ! -e .hummii-ops/busy.lock ] || timeout 2 flock .hummii-ops/busy.lock true
            rm -rf .hummii-ops filler
            docker images --format '{{{{.Repository}}}}:{{{{.Tag}}}}' hummii-ops/keep | xargs -r docker rmi >/dev/null
            """
        )

    def _to_first(self) -> None:
        """1.0 as it was before its first deploy; a reset if that does not come about."""
        script = f"""
            cd {PROJECT}
            rm -rf backups .*.20*
            sed -i 's|image: hummii-api:.*|image: hummii-api:1.0|' {FILE}
            chown deploy:deploy {FILE}; chmod 664 {FILE}
        """
        try:
            self.production.sh(script)
            self.production.sh(f"cd {PROJECT}; docker compose -f {FILE} up -d 2>&1", user="deploy")
            until(lambda: self.answer() == (200, "1.0"), what="1.0 serves again", limit_s=60)
        except (DockerFailed, AssertionError):
            self._reset(self.small)
            self._install_points()

    def _install_points(self) -> None:
        path = "/usr/local/bin/timeout"
        container.inside(self.production.name, "install", "-m", "755", "/dev/stdin", path, stdin=POINTS.read_text())
        self.production.sh("rm -rf /run/faults; install -d -m 777 /run/faults")

    def leave(self) -> None:
        """Take away what stands in the way of others."""
        if self.small:
            self._reset(False)
        self.production.sh("rm -rf /run/faults /usr/local/bin/timeout; iptables -F INPUT")

    # what is seen

    def see(self) -> World:
        """The world as it is now."""
        text = self.production.sh(
            f"""
            cd {PROJECT}
            find . -path ./.hummii-ops -prune -o -path ./filler -prune -o -type f -printf '%m ' -exec sha256sum {{}} ';'
            echo --
            ids=$(docker ps -aq --no-trunc)
            [ -z "$ids" ] || docker inspect --format \
                '{{{{index .Config.Labels "com.docker.compose.service"}}}} {{{{.Image}}}} {{{{.State.Status}}}}' $ids
            """
        )
        files, _, services = text.partition("--")
        rows = [line.split(None, 2) for line in files.splitlines() if line.strip()]
        seen = sorted(tuple(line.split()) for line in services.splitlines() if line.strip())
        return World(
            files={name: f"{sha[:12]} {mode}" for mode, sha, name in rows},
            services=tuple((one[0], one[1], one[2]) for one in seen),
            answer=self.answer(),
        )

    def answer(self) -> tuple[int, str | None]:
        """Status and version that a customer gets; 0: no answer."""
        try:
            with urllib.request.urlopen(f"{self.production.host.url}/api/health", timeout=5) as said:
                return said.status, json.load(said)["version"]
        except urllib.error.HTTPError as error:
            try:
                return error.code, json.load(error)["version"]
            except (ValueError, KeyError):
                return error.code, None
        except (OSError, ValueError):
            return 0, None

    @cached_property
    def old(self) -> World:
        """The state from before the run."""
        return self.see()

    @cached_property
    def _image(self) -> str:
        return self.production.image("hummii-api:1.0")

    @property
    def new(self) -> World:
        """The state that the run is for: the newest backup's file, 1.0's image, and it serves."""
        backups = sorted(name for name in self.old.files if name.startswith(f"./backups/{FILE}.backup-"))
        sha, mode = self.old.files[backups[-1]].split()[0], self.old.files[f"./{FILE}"].split()[1]
        return replace(
            self.old,
            files=self.old.files | {f"./{FILE}": f"{sha} {mode}"},
            services=tuple((s, self._image if s == "api" else i, st) for s, i, st in self.old.services),
            answer=(200, "1.0"),
        )

    def runs(self) -> bool:
        """Does every service run?"""
        return {status for _, _, status in self.see().services} == {"running"}

    def becomes(self, wanted: World, *, limit_s: float = 60) -> None:
        """The world is exactly so, within the limit: what was ill may take a while to be ill in that way again."""
        deadline = time.monotonic() + limit_s
        while wanted.difference(self.see()):
            assert time.monotonic() < deadline, wanted.difference(self.see())
            time.sleep(0.3)

    # the run

    def ask(self, list_: str, step: str, point: str, after_s: float = 0.0) -> None:
        """The next run is to stop there."""
        line = f"{list_} {step} {point} {after_s:.3f}" if after_s else f"{list_} {step} {point} 0"
        self.production.sh(
            'rm -f /run/faults/reached; echo "$1" >/run/faults/.ask; mv /run/faults/.ask /run/faults/ask', line
        )
        self.production.sh("chmod 666 /run/faults/ask")

    def reached(self, run: Working, limit_s: float = 150) -> Reached:
        """Wait until the run stands at the point. Raises PassedBy."""
        waiting = "n=0; until [ -e /run/faults/reached ]; do n=$((n + 1)); [ $n -lt 40 ] || exit 3; sleep 0.05; done"
        deadline = time.monotonic() + limit_s
        while not self.production.holds(waiting):
            ended = run.process.poll()
            if ended == 0:
                raise PassedBy
            assert ended is None, f"it ended with {ended} before it came to the point\n{self._last_words(run)}"
            assert time.monotonic() < deadline, "it did not come to the point"
        runner, hand, word = self.production.sh("cat /run/faults/reached").split()
        run_id = self.production.sh(f'basename "$(readlink "/proc/{hand}/cwd")"')
        return Reached(runner=int(runner), hand=int(hand), late=word == "late", run_id=run_id)

    def _last_words(self, run: Working) -> str:
        logs = sorted((run.operator.folder / ".hummii-ops" / "logs").glob("*.log"))
        return run.end().everything + (logs[-1].read_text() if logs else "")

    def go(self) -> None:
        """Let it go on."""
        self.production.sh(": >/run/faults/go")

    def run_id(self) -> str:
        """The newest run on the host."""
        return self.production.run_ids()[-1]

    def await_quiet(self, limit_s: float = 150) -> None:
        """Wait until nothing of a run is at work."""
        self.production.await_end(self.run_id(), limit_s)

    def state(self) -> str:
        """The last word of the newest run."""
        return self.production.state(self.run_id())

    def journal(self) -> list[dict[str, Any]]:
        """The journal of the newest run: every line of it can be read."""
        text = self.production.sh(f"cat {RUNS}/{self.run_id()}/journal.jsonl")
        return [json.loads(line) for line in text.splitlines()]

    def boot(self) -> None:
        """A power cut, and a boot; SSH answers again."""
        name = self.production.name
        docker("kill", name)
        docker("start", name)
        until(lambda: self.production.holds("pgrep -f 'sshd.*listener'"), what="sshd listens again", limit_s=60)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A run that stands at a point: the process ids of its runner, and of what holds it."""

    runner: int
    hand: int
    late: bool
    run_id: str
