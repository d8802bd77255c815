"""Production, as a customer at its URL and a person on its host see it: answers, image ids, files on the disk.

Never asks the product what it did.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lab_operator import until

from lab import container, stack
from lab.docker import DockerFailed
from lab.releases import ALL_VERSIONS
from lab.state import Lab, LabHost

SECRETS = ("POSTGRES_PASSWORD", "JWT_SECRET", "STRIPE_SECRET_KEY")
PROJECT = "/opt/hummii"
FILE = "docker-compose.prod.yml"
RUNS = f"{PROJECT}/.hummii-ops/runs"
# sh for the host: the processes of the SSH server that serve somebody are killed, so that each connection is reset.
CUT = "for pid in $(pgrep -f '^sshd: [a-z]*@notty'); do kill -9 $pid; done"


def say(_line: str) -> None:
    """Progress that no test needs."""


class Production:
    """One host of the lab."""

    def __init__(self, lab: Lab, host: LabHost) -> None:
        self.lab, self.host, self.name = lab, host, lab.container(host)

    def sh(self, script: str, *words: str, user: str = "root", limit_s: float = 180) -> str:
        """A script on the host, not over SSH; its stdout. Raises DockerFailed when it ends badly."""
        return container.inside(self.name, "sh", "-euc", script, "sh", *words, user=user, limit_s=limit_s)

    def holds(self, script: str, *words: str) -> bool:
        try:
            self.sh(script, *words)
        except DockerFailed:
            return False
        return True

    def health(self, limit_s: float = 5.0) -> tuple[int, str | None]:
        """What a customer gets from the public URL: status (0: no answer) and version."""
        try:
            with urllib.request.urlopen(f"{self.host.url}/api/health", timeout=limit_s) as answer:
                return answer.status, json.load(answer).get("version")
        except urllib.error.HTTPError as error:
            return error.code, None
        except (OSError, ValueError):
            return 0, None

    def serves(self, version: str) -> bool:
        return self.health() == (200, version)

    def images(self) -> dict[str, str]:
        """Service → id of the image that its container runs."""
        return {one["service"]: one["image"] for one in self._running()}

    def containers(self) -> dict[str, str]:
        """Service → id of its running container."""
        return {one["service"]: one["id"] for one in self._running()}

    def replicas(self) -> dict[str, int]:
        """Service → how many containers of it run."""
        return dict(Counter(one["service"] for one in self._running()))

    def _running(self) -> list[dict[str, str]]:
        text = self.sh(
            'ids=$(docker ps -q --no-trunc --filter label=com.docker.compose.project=hummii); [ -z "$ids" ] || docker '
            'inspect --format \'{"service":{{json (index .Config.Labels "com.docker.compose.service")}},'
            '"id":{{json .Id}},"image":{{json .Image}}}\' $ids'
        )
        return [json.loads(line) for line in text.splitlines()]

    def image(self, ref: str) -> str:
        """The id of an image on the host."""
        return self.sh('docker image inspect --format "{{.Id}}" "$1"', ref)

    def file(self, path: str = FILE) -> str:
        """The text of a file of the project."""
        return self.sh('cat "$1"', f"{PROJECT}/{path}")

    def api_sees(self, variable: str) -> str:
        """A variable in the environment that the api's container was made with."""
        return self.sh(
            'docker inspect --format \'{{range .Config.Env}}{{println .}}{{end}}\' "$1" | sed -n "s/^$2=//p"',
            self.containers()["api"],
            variable,
        )

    def fingerprint(self) -> str:
        """Everything that "nothing changed" is about: each file with bytes, mode, owner, time; containers; images.

        Containers that a look at an image made are taken away behind its back: they have ten seconds to go.
        """
        return self.sh(
            'for _ in $(seq 50); do [ "$(docker ps -aq --filter label=hummii-ops.reads)" ] || break; sleep 0.2; done;'
            f" cd {PROJECT}; find . -printf '%p %y %m %U %G %T@\\n' | sort; "
            " find . -type f -exec sha256sum {} + | sort;"
            " [ ! -e /tmp/P ] || echo /tmp/P; docker ps -aq --no-trunc | sort;"
            " docker images -a --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort"
        )

    def deploy(self, version: str) -> None:
        """The team's own deploy, as it always was."""
        stack.deploy(self.lab, version, say=say)

    def run_ids(self) -> list[str]:
        return self.sh(f"[ ! -d {RUNS} ] || ls {RUNS}").split()

    def state(self, run_id: str) -> str:
        return self.sh(f'cat "{RUNS}/$1/state"', run_id)

    def await_event(self, event: str, step: str = "", *, after: int, then: str = ":", limit_s: float = 90) -> str:
        """Wait, on the host, until the run that follows the first `after` has the event in its journal; its id.

        `then` is sh that is done there at once, in the run's folder, with the runner's process ids in $runner.
        """
        wanted = f'"ev":"{event}"' + (f',"list":"[a-z]*","step":"{step}"' if step else "")
        script = f"""
            end=$(($(date +%s) + {int(limit_s)}))
            newest() {{ run=$(ls -d {RUNS}/*/ 2>/dev/null | tail -n +{after + 1} | head -n 1); [ -n "$run" ]; }}
            until newest && grep -q '{wanted}' "$run/journal.jsonl"; do
              [ "$(date +%s)" -lt "$end" ] || exit 1
              sleep 0.02
            done
            cd "$run"
            runner=$(pgrep -f "^sh ${{run%/}}/lib/runner.sh") || runner=
            {then}
            echo "${{run%/}}"
        """
        return self.sh(script, limit_s=limit_s + 30).splitlines()[-1].rsplit("/", 1)[-1]

    def digest(self, run_id: str, name: str) -> str:
        """The sha256 of a file in a run's folder on the host."""
        return self.sh('sha256sum "$1"', f"{RUNS}/{run_id}/{name}").split()[0]

    def await_end(self, run_id: str, limit_s: float = 180) -> str:
        """Wait until nothing of the run is at work; its last state."""
        self.sh(f"timeout {int(limit_s)} flock {PROJECT}/.hummii-ops/busy.lock true", limit_s=limit_s + 10)
        return self.state(run_id)

    @contextmanager
    def silenced(self) -> Iterator[None]:
        """No packet for the SSH port arrives: the far side of a tunnel, a lid that is closed."""
        rule = "INPUT -i eth0 -p tcp --dport 22 -j DROP"
        self.sh(f"iptables -I {rule}")
        try:
            yield
        finally:
            self.sh(f"iptables -D {rule}")

    def rewind(self) -> None:
        """Release 1.0 with its own .env, and no trace of us or of a deploy: as a reset, but in a second or two."""
        try:
            self._rewind()
        except (DockerFailed, AssertionError):
            stack.reset(self.lab, say=say, ask=lambda _question: True)

    def _rewind(self) -> None:
        env = self.lab.production_env()
        container.inside(self.name, "install", "-m", "600", "/dev/stdin", f"{PROJECT}/.env", user="deploy", stdin=env)
        self.sh(
            f"""
            iptables -F INPUT
            cd {PROJECT}
            [ ! -e .hummii-ops/busy.lock ] || timeout 2 flock .hummii-ops/busy.lock true
            for version in {" ".join(ALL_VERSIONS)}; do docker image inspect "hummii-api:$version" >/dev/null; done
            rm -rf .hummii-ops backups /tmp/P
            sed -i 's|image: hummii-api:.*|image: hummii-api:1.0|' {FILE}
            chown deploy:deploy {FILE}; chmod 664 {FILE}
            """
        )
        self.sh(f"cd {PROJECT}; docker compose -f {FILE} up -d 2>&1", user="deploy")
        until(lambda: self.serves("1.0"), what="1.0 serves again")


@dataclass
class Customer:
    """Asks the public URL all the time; `bad_s` is how long it got no good answer between two moments (epoch s)."""

    production: Production
    answers: list[tuple[float, bool]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self) -> Iterator[Customer]:
        thread = threading.Thread(target=self._ask)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _ask(self) -> None:
        while not self._over.is_set():
            at = time.time()
            self.answers.append((at, self.production.health(limit_s=1.0)[0] == 200))
            self._over.wait(0.03)

    def bad_s(self, since: float, until_: float) -> float:
        following = [at for at, _ in self.answers[1:]] + [until_]
        spans = zip(self.answers, following, strict=True)
        return sum(max(0.0, min(end, until_) - max(at, since)) for (at, good), end in spans if not good)
