"""A small host under test: put as a case begins, stopped at a point, and seen from outside."""

from __future__ import annotations

import json
import os
import shutil
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import small_plans
from harness import until
from lab_operator import Operator, Working
from small_plans import DIR, FILE
from small_shell import Shell
from small_world import PointMissed, Reached, Run, World

from lab.small import SmallHost
from lab.state import Lab

HERE = Path(__file__).parent / "small"
HOME = f"{DIR}/.hummii-ops"
# What is served when a case begins is the seed's old content, and no other database of ours is there.
CONTENT = "SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o"
PSQL = "PGHOST=/run psql -X -qAt -U hummii"
AWAIT_DATABASE = f"until {PSQL} -d postgres -c 'SELECT 1' >/dev/null 2>&1; do sleep 0.05; done"
OURS = "SELECT datname FROM pg_database WHERE datname LIKE 'hummii_ops_%'"
RESEED = f"""
for each in hummii $({PSQL} -d postgres -c "{OURS}"); do
    {PSQL} -d postgres -c "DROP DATABASE IF EXISTS \\"$each\\" WITH (FORCE)"
done
{PSQL} -d postgres -c 'CREATE DATABASE hummii TEMPLATE seed_old OWNER hummii'
"""


@dataclass(kw_only=True)
class SmallStage:
    """One small host, and the laptops that reach it."""

    lab: Lab
    host: SmallHost
    folder: Path
    shell: Shell = field(init=False)
    begun: World = field(init=False)
    new_content: str = field(init=False)
    _laptops: dict[str, Operator] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shell = Shell(self.host.name)
        texts = {"timeout": "hand.sh", "sync": "hand.sh", "date": "clock.sh"}
        for name, source in texts.items():
            text = (HERE / source).read_text()
            self.shell.run(f"cat >/usr/local/bin/{name} <<'HAND'\n{text}HAND\nchmod 755 /usr/local/bin/{name}")
        self.shell.run(_restore_points())
        self.shell.run(AWAIT_DATABASE)
        self.new_content = self.shell.run(f'{PSQL} -d seed_new -c "{CONTENT}"')
        os.environ["SMALL_PATIENCE_S"] = "4"
        self._write_inventory()

    def laptop(self, name: str) -> Operator:
        """Somebody's laptop."""
        if name not in self._laptops:
            laptop = Operator(self.folder / name, self.folder / "environment.yml", small_plans.SECRETS)
            laptop.root = HERE
            self._laptops[name] = laptop
        return self._laptops[name]

    def close(self) -> None:
        self.shell.close()

    # the situation

    def set(self, version: str) -> None:
        """As a case begins: this version runs and is served, with the old content; nothing of ours is there."""
        for name in self._laptops:
            shutil.rmtree(self.folder / name / ".hummii-ops", ignore_errors=True)
        files = "".join(
            f"cat >.{name}.new <<'TEXT'\n{text}TEXT\nmv .{name}.new {name}; chmod {mode} {name}; chown deploy: {name}\n"
            for (name, text), mode in zip(small_plans.texts(version).items(), ("644", "600"), strict=True)
        )
        self.shell.run(f"""
            set -e
            rm -rf /run/faults/*
            install -d -m 777 /run/faults /var/lib/faults
            : >/var/lib/faults/acts; chmod 666 /var/lib/faults/acts
            {_tags(version)}
            cd {DIR}
            rm -rf .hummii-ops filler backups/database/hummii-20260301* backups/database/.hummii* ..*.new .*.20*
            {files}
            docker compose -f {FILE} up -d api postgres >/dev/null
            {AWAIT_DATABASE}
            [ "$({PSQL} -d hummii -c "{CONTENT}")" = "$({PSQL} -d seed_old -c "{CONTENT}")" ] &&
            [ -z "$({PSQL} -d postgres -c "{OURS}")" ] || {{ {RESEED} }}
            """)
        until(lambda: self.answer() == version, what=f"{version} answers", limit_s=20)
        self.begun = self.see()

    def _write_inventory(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        known = self.folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{self.host.ssh_port} {self.host.host_key()}\n")
        entry = (
            f"{{name: small, address: 127.0.0.1, port: {self.host.ssh_port}, user: deploy, "
            f"identity_file: {json.dumps(str(self.lab.identity_file))}, url: {json.dumps(self.host.url)}}}"
        )
        (self.folder / "environment.yml").write_text(
            f"hosts: [{entry}]\nknown_hosts: [{json.dumps(str(known))}]\nssh_config: false\n"
            "database: {service: postgres, name: hummii, user: hummii}\n"
        )

    # the point

    def ask(self, task: str, list_: str, step: str, point: str, after_s: float = 0.0) -> None:
        """The next run of this task is to stop there."""
        line = f"{task} {list_} {step} {point} {after_s or 0}"
        self.shell.run(
            f"cd /run/faults; rm -f reached ask.taken; echo '{line}' >.ask; chmod 666 .ask; mv .ask ask; chmod 777 ."
        )

    def reached(self, run: Working, limit_s: float = 90) -> Reached:
        """Wait until the run stands at the point."""
        deadline = time.monotonic() + limit_s
        waiting = "n=0; until [ -e /run/faults/reached ]; do n=$((n + 1)); [ $n -lt 25 ] || exit 3; sleep 0.02; done"
        while self.shell.ends(waiting)[0] != 0:
            if (ended := run.process.poll()) is not None:
                raise PointMissed(f"fab ended with {ended} before the point\n{run.end().everything}")
            assert time.monotonic() < deadline, "it did not come to the point"
        runner, hand, word, run_id = self.shell.run("cat /run/faults/reached").split()
        (found,) = (one for one in self.runs() if one.id == run_id)
        return Reached(runner=int(runner), hand=int(hand), late=word == "late", run=found)

    def go(self) -> None:
        """Let it go on."""
        self.shell.run(": >/run/faults/go")

    def await_quiet(self, limit_s: float = 90) -> None:
        """Wait until nothing of a run is at work, also not one that another goes on with."""
        self.shell.run(
            f"[ ! -e {HOME}/busy.lock ] || for n in 1 2; do flock {HOME}/busy.lock true; sleep 0.1; done", limit_s
        )

    # what is seen

    def answer(self) -> str:
        """The version that a customer gets; "" for no answer."""
        try:
            with urllib.request.urlopen(f"{self.host.url}/api/health", timeout=5) as said:
                return str(json.load(said)["version"])
        except (OSError, ValueError):
            return ""

    def runs(self) -> tuple[Run, ...]:
        """Every run on the host, oldest first."""
        text = self.shell.run(f"""
            cd {HOME}/runs 2>/dev/null || exit 0
            for run in [0-9]*; do
                [ -d "$run" ] || continue
                echo "@run $run $(cat "$run/state" 2>/dev/null)"
                cat "$run/journal.jsonl" 2>/dev/null
            done""")
        return tuple(_run(part) for part in text.split("@run ")[1:])

    def see(self) -> World:
        """The world as it is now."""
        text = self.shell.run(f"""
            cd {DIR}
            find . -path ./.hummii-ops -prune -o -type f -printf '%p %m ' -exec sha256sum {{}} ';'
            echo @
            docker ps -aq | xargs -r docker inspect --format 'container '
            echo @
            {PSQL} -d hummii -c "{CONTENT}" || echo away
            echo @
            {PSQL} -d postgres -c "{OURS} ORDER BY 1"
            echo @
            sed -n 's/^run=//p' {HOME}/lease 2>/dev/null
            echo @
            [ ! -e {HOME}/busy.lock ] || flock -n {HOME}/busy.lock true || echo busy
            echo @
            cat /var/lib/faults/acts
            """)
        files, services, content, databases, lease, busy, acts = (part.strip() for part in f"{text}\n".split("@\n"))
        rows = [line.split(None, 3) for line in files.splitlines()]
        return World(
            files={name: f"{sha[:12]} {mode}" for name, mode, sha, _ in rows},
            services={(w := line.split())[1]: f"{w[3]} {w[4]}" for line in services.splitlines()},
            answer=self.answer(),
            content=content,
            databases=tuple(databases.splitlines()),
            lease=lease,
            busy=bool(busy),
            runs=self.runs(),
            acts=tuple(acts.splitlines()),
        )

    def holds(self, condition: str) -> bool:
        """Is a shell condition true on the host?"""
        return self.shell.ends(condition)[0] == 0

    def await_true(self, truth: Callable[[], bool], what: str, limit_s: float = 60) -> None:
        until(truth, what=what, limit_s=limit_s)

    # power

    def cut_power(self) -> None:
        """Every process of the host is gone, and /run with them."""
        self.shell.close()
        self.host.kill()

    def boot(self) -> None:
        self.host.boot()
        self.shell = Shell(self.host.name)
        self.shell.run(f"install -d -m 777 /run/faults; {AWAIT_DATABASE}")


def _run(part: str) -> Run:
    head, _, journal = part.partition("\n")
    run_id, _, state = head.partition(" ")
    return Run(id=run_id, state=state.strip(), journal=journal.strip())


def _restore_points() -> str:
    """The two restore points and the backup of the database, once."""
    script = f"cd {DIR}; install -d -o deploy -g deploy backups backups/database\n"
    for version in ("1.0", "1.1"):
        for name, text in small_plans.texts(version).items():
            path = small_plans.kept_path(version, name)
            script += f"install -D -o deploy -g deploy -m 600 /dev/stdin {path} <<'TEXT'\n{text}TEXT\n"
    script += f"install -o deploy -g deploy -m 600 /var/lib/postgresql/new.dump {small_plans.BACKUP}\n"
    script += f"printf '%s' '{small_plans.compose_text('1.1')}' >{FILE}; docker compose -f {FILE} up -d postgres api\n"
    return script


def _tags(running: str) -> str:
    """Each name means its image; but the name of the release that does not run has moved on, as `latest` does."""
    refs = {ref: ref for ref in ("hummii-api:1.0", "hummii-api:1.1", small_plans.POSTGRES)}
    refs |= {ref: "another" for ref in refs if ref.startswith("hummii-api:") and not ref.endswith(running)}
    lines = "".join(f"{ref} {small_plans.image_id(means)}\n" for ref, means in refs.items())
    return f"cat >/var/lib/engine/images <<'TEXT'\n{lines}TEXT"
