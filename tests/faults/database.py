"""A production whose database is about to go back with its code: 1.4 over 1.0, the writers with `restart: always`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from harness import HOME, RUNS, Reached, Stage, quiet, until
from lab_database import CONTENT, OURS, sql
from lab_operator import Working
from lab_production import FILE, PROJECT
from strikes import Fault, Struck, kill_host, kill_laptop, kill_runner, restart_docker

from lab import stack

ROLLBACK_DB = (
    "rollback-db",
    "--backup=latest",
    "--to=1.0",
    "--yes",
    "--reason=1.4 dropped a column",
    "--settle=1",
)
POSTGRES = "docker ps -aq --filter label=com.docker.compose.service=postgres"


@dataclass(kw_only=True)
class DatabaseStage(Stage):
    """As its base, with the content of the served database before and after: the old and the new one."""

    command: tuple[str, ...] = ROLLBACK_DB
    content: dict[str, str] = field(default_factory=dict)

    def set(self, *, small: bool = False) -> None:
        """1.4 deployed over 1.0, whose backup is the new content; some rows were written since."""
        assert not small, "no fault here fills the disk"
        stack.reset(self.production.lab, say=quiet, ask=lambda _: True)
        self._install_points()
        always = f"sed -i '/^  api:/,/^$/ s/restart: .*/restart: always/' {PROJECT}/{FILE}"
        self.production.sh(f"{always}; cd {PROJECT}; docker compose -f {FILE} up -d 2>&1", user="deploy")
        until(lambda: self.answer() == (200, "1.0"), what="1.0 serves", limit_s=60)
        self.content = {"1.0": sql(self.production, CONTENT)}
        self.production.deploy("1.4")
        until(lambda: self.answer() == (200, "1.4"), what="1.4 serves", limit_s=60)
        sql(
            self.production, "INSERT INTO messages (user_id, text) SELECT 1, 'since ' || n FROM generate_series(1, 7) n"
        )
        self.content["1.4"] = sql(self.production, CONTENT)
        assert self.content["1.0"] != self.content["1.4"]

    def rest(self) -> None:
        """Wait until nothing of either run is at work: the second one takes the lock a moment after the first."""
        for _ in range(2):
            self.production.sh(f"sleep 1; timeout 150 flock {HOME}/busy.lock true")

    def states(self) -> dict[str, str]:
        """Every run on the host, and its last word."""
        text = self.production.sh(f'cd {RUNS}; for run in *; do echo "$run $(cat "$run/state")"; done')
        return {run: state for run, _, state in (line.partition(" ") for line in text.splitlines())}

    def status(self) -> Any:
        """What an operator is shown."""
        return self.operator.fab("status").ended(0).document

    def served(self) -> str:
        """The release whose content and code is served, by itself and soon."""
        found = ""

        def settled() -> bool:
            nonlocal found
            found = next((one for one, text in self.content.items() if text == sql(self.production, CONTENT)), "")
            return self.answer() == (200, found)

        until(settled, what=f"code and content fit; served is {found!r}, {self.answer()}", limit_s=60)
        assert f"image: hummii-api:{found}\n" in self.production.file()
        return found

    def acts(self) -> list[dict[str, Any]]:
        """The steps of all runs here that had to be made, and how long each took."""
        found, began = [], 0
        for line in self.production.sh(f"cat {RUNS}/*/journal.jsonl").splitlines():
            event = json.loads(line)
            if event["ev"] == "start":
                began = event["t"]
            elif event["ev"] == "done":
                found.append({"id": event["step"], "elapsed_s": (event["t"] - began) / 1000})
        return [one for one in found if one["id"]]

    def beside(self) -> set[str]:
        """The databases that runs made or set aside."""
        return set(sql(self.production, OURS, "postgres").splitlines())


def named_by(run_id: str, what: str) -> str:
    """What a run's database is called: `side` or `prev`."""
    stamp, *_, tail = run_id.split("-")
    return f"hummii_ops_{what}_{stamp}_{tail}".lower()


def kill_postgres(stage: Stage, _at: Reached, run: Working) -> Struck:
    """Its container is killed by its process, as for want of memory: its restart policy starts it again."""
    stage.production.sh(f"kill -9 $(docker inspect --format '{{{{.State.Pid}}}}' $({POSTGRES}))")
    stage.go()
    return Struck(rollback=run.end())


def stop_postgres_at_once(stage: Stage, _at: Reached, run: Working) -> Struck:
    """An immediate shutdown: no checkpoint, every session cut."""
    stage.production.sh(f"kill -QUIT $(docker inspect --format '{{{{.State.Pid}}}}' $({POSTGRES}))")
    stage.go()
    return Struck(rollback=run.end())


def take_postgres_away(stage: Stage, _at: Reached, run: Working) -> Struck:
    """Somebody kills its container, which no policy brings back, and starts it a moment later."""
    stage.production.sh(f"docker kill $({POSTGRES})")
    stage.go()
    stage.production.sh(f"sleep 3; docker start $({POSTGRES})")
    return Struck(rollback=run.end())


def restart_postgres(stage: Stage, _at: Reached, run: Working) -> Struck:
    """Somebody restarts its container, in good order; what is at work in it is thrown out."""
    stage.production.sh(f"docker restart $({POSTGRES}) >/dev/null & sleep 0.3; : >/run/faults/go; wait $!")
    return Struck(rollback=run.end())


FAULTS = (
    Fault(name="runner-killed", strike=kill_runner, points=("before", "during", "after")),
    Fault(name="host-killed", strike=kill_host, points=("before", "during", "after")),
    Fault(name="postgres-killed", strike=kill_postgres, points=("before", "during", "after")),
    Fault(name="postgres-quits", strike=stop_postgres_at_once, points=("during",)),
    Fault(name="postgres-away", strike=take_postgres_away, points=("before", "during")),
    Fault(name="postgres-restarted", strike=restart_postgres, points=("before", "during")),
    Fault(name="laptop-killed", strike=kill_laptop, points=("before",)),
    Fault(name="docker-restarted", strike=restart_docker, points=("during",)),
)
