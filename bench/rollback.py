"""The part `rollback`: 1.2 → 1.0, jobs round robin in one run; medians, ratios to the floor, and time by step."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from bench.call import call
from bench.jobs import Job, jobs
from bench.journal import first, read, spent
from bench.poller import outage, polling, samples
from bench.production import Production, until
from bench.rollback_figures import Figures, table
from bench.wire import Wire
from lab.docker import Say
from lab.state import Lab

ROUNDS = int(os.environ.get("HUMMII_BENCH_ROUNDS", "10"))


def rollback(lab: Lab, say: Say) -> tuple[Any, str]:
    """All rounds; the figures, and their table."""
    production = Production(lab)
    production.reset(say)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench.prepared(production, Path(folder))
        found = []
        for number in range(ROUNDS + 1):  # the first round warms up and is not counted
            for job in bench.jobs:
                figures = bench.measure(job)
                say(f"round {number}: {job.name:<13} {figures.wall_s:6.2f} s, outage {figures.outage_s:5.2f} s")
                if number:
                    found.append(figures)
    return [asdict(one) for one in found], table(found)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The lab's host, reached through a relay that counts; `backup` is the restore point of 1.0."""

    production: Production
    folder: Path
    wire: Wire
    backup: str
    jobs: tuple[Job, ...]

    @classmethod
    def prepared(cls, production: Production, folder: Path) -> Bench:
        """A relay, an inventory that goes through it, and a restore point of 1.0."""
        port = int(production.host.ssh_port)
        wire = Wire(("127.0.0.1", port))
        through = production.laptop(folder, port=wire.port)
        # Named by now: a name from before the images were built would be one whose tags no longer name the old images.
        backup = f"/opt/hummii/backups/docker-compose.prod.yml.backup-{datetime.now(UTC):%Y%m%d_%H%M%S}Z"
        production.inside(f"mkdir -p backups && cp docker-compose.prod.yml {backup}")
        key = str(production.lab.identity_file)
        each = jobs(port=wire.port, key=key, known_hosts=str(through), backup=backup, version="1.0")
        return cls(production=production, folder=folder, wire=wire, backup=backup, jobs=each)

    def measure(self, job: Job) -> Figures:
        """From 1.2, run the job, and see what it cost."""
        self._to_1_2()
        seen = self.folder / "samples"
        with polling(f"{self.production.host.url}/api/health", seen):
            self.wire.reset()
            called = call(job.argv, self.folder, text=job.text, await_words=("plan ",) if job.ours else ())
            time.sleep(0.5)  # the poller's last word: an outage that goes on after the job would show
        seconds = outage(samples(seen.read_text(encoding="ascii")))
        seen.unlink()
        stamps = [int(word) for word in called.stdout.split() if word.isdigit() and len(word) == 13]
        changing = (stamps[-1] - stamps[0]) / 1000 if len(stamps) >= 2 else None
        steps: dict[str, float] = {}
        if job.ours:
            changing, steps = _changing(json.loads(called.stdout))
        return Figures(
            job=job.name,
            wall_s=called.wall_s,
            outage_s=seconds,
            cpu_s=called.cpu_s,
            memory_mib=called.memory_mib,
            connections=self.wire.connections,
            round_trips=self.wire.round_trips,
            changing_s=changing,
            plan_s=called.shown_s.get("plan "),
            steps=steps,
        )

    def _to_1_2(self) -> None:
        self.production.inside(
            "rm -rf .hummii-ops/marks .hummii-ops/hold;"
            f"sed 's/hummii-api:1.0/hummii-api:1.2/' {self.backup} >docker-compose.prod.yml;"
            "docker compose -p hummii -f docker-compose.prod.yml up -d >/dev/null 2>&1"
        )
        until(self._serves_1_2, "1.2 to serve")

    def _serves_1_2(self) -> bool:
        try:
            answer = httpx.get(f"{self.production.host.url}/api/health", timeout=2)
        except httpx.HTTPError:
            return False
        healthy = self.production.inside("docker inspect --format '{{.State.Health.Status}}' hummii-api-1")
        return healthy == "healthy" and answer.status_code == 200 and answer.json().get("version") == "1.2"


def _changing(report: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """The runner's start to the first proven-healthy answer; and the seconds of each step."""
    lines = read(report)
    return first(lines, "answers-inside") - first(lines, "", ("begin",)), spent(lines)
