"""`make bench`: 1.2 → 1.0 on the lab, jobs round robin in one run; medians, ratios to the floor, and time by step.

Measures; never judges: the figures go to .hummii-ops/bench.json and to stdout as Markdown tables.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from bench.jobs import Job, jobs
from bench.poller import outage
from bench.wire import Wire
from lab import container, stack
from lab.state import Lab

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = int(os.environ.get("HUMMII_BENCH_ROUNDS", "10"))
# Named by now: a name from before the images were built would be one whose tags no longer name the old images.
BACKUP = f"/opt/hummii/backups/docker-compose.prod.yml.backup-{datetime.now(UTC):%Y%m%d_%H%M%S}Z"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One job in one round. Seconds, MiB, counts; `changing_s` and `plan_s` None where there is no such thing."""

    job: str
    wall_s: float
    outage_s: float
    cpu_s: float
    memory_mib: float
    connections: int
    round_trips: int
    changing_s: float | None = None
    plan_s: float | None = None
    steps: dict[str, float] = field(default_factory=dict)


def main() -> int:
    """Bring up a lab of its own, run, print, take it down."""
    os.environ["HUMMII_LAB"] = "bench"
    lab = Lab.here()

    def say(text: str) -> None:
        print(f"   {text}", file=sys.stderr, flush=True)

    record = stack.up(lab, count=1, proxy=None, say=say, ask=lambda _: True)
    stack.reset(lab, say=say, ask=lambda _: True)
    host = record.hosts[0]
    bench = Bench(lab=lab, url=f"{host.url}/api/health", inside=lab.container(host))
    with tempfile.TemporaryDirectory() as folder:
        bench.prepare(Path(folder))
        found = []
        for number in range(ROUNDS + 1):  # the first round warms up and is not counted
            for job in bench.jobs:
                figures = bench.measure(job)
                say(f"round {number}: {job.name:<13} {figures.wall_s:6.2f} s, outage {figures.outage_s:5.2f} s")
                if number:
                    found.append(figures)
    out = ROOT / ".hummii-ops" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")
    print(table(found))
    stack.down(lab, say=say)
    return 0


@dataclass(kw_only=True)
class Bench:
    """The lab's host, reached through a relay that counts."""

    lab: Lab
    url: str
    inside: str
    jobs: tuple[Job, ...] = ()

    def prepare(self, folder: Path) -> None:
        """A relay, an inventory that goes through it, and a restore point of 1.0."""
        environment = (self.lab.folder / "environment.yml").read_text(encoding="utf-8")
        port = int(self.lab.read().hosts[0].ssh_port)
        self.wire = Wire(("127.0.0.1", port))
        known = (self.lab.folder / "known_hosts").read_text(encoding="utf-8")
        (folder / "known_hosts").write_text(known.replace(f":{port}", f":{self.wire.port}"), encoding="utf-8")
        through = environment.replace(f"port: {port}", f"port: {self.wire.port}").replace(
            str(self.lab.folder / "known_hosts"), str(folder / "known_hosts")
        )
        (folder / "environment.yml").write_text(through, encoding="utf-8")
        (folder / "inventory.yml").write_text("environments:\n  lab:\n    include: environment.yml\n", encoding="utf-8")
        self.folder = folder
        self._inside("mkdir -p backups && cp docker-compose.prod.yml " + BACKUP)
        self.jobs = jobs(
            port=self.wire.port,
            key=str(self.lab.folder / "id_ed25519"),
            known_hosts=str(folder / "known_hosts"),
            backup=BACKUP,
            version="1.0",
        )

    def measure(self, job: Job) -> Figures:
        """From 1.2, run the job, and see what it cost."""
        self._to_1_2()
        samples = self.folder / "samples"
        poller = subprocess.Popen([sys.executable, "-m", "bench.poller", self.url, str(samples)], cwd=ROOT)
        _until(lambda: samples.exists() and samples.stat().st_size > 0, "the poller to start")
        self.wire.reset()
        wall, cpu, memory, said, shown = self._run(job)
        time.sleep(0.5)  # the poller's last word: an outage that goes on after the job would show
        poller.send_signal(signal.SIGTERM)
        poller.wait()
        seconds = outage(samples.read_text(encoding="ascii"))
        samples.unlink()
        stamps = [int(word) for word in said.split() if word.isdigit() and len(word) == 13]
        changing = (stamps[-1] - stamps[0]) / 1000 if len(stamps) >= 2 else None
        steps: dict[str, float] = {}
        if job.ours:
            changing, steps = _changing(json.loads(said))
        return Figures(
            job=job.name,
            wall_s=wall,
            outage_s=seconds,
            cpu_s=cpu,
            memory_mib=memory,
            connections=self.wire.connections,
            round_trips=self.wire.round_trips,
            changing_s=changing,
            plan_s=shown,
            steps=steps,
        )

    def _run(self, job: Job) -> tuple[float, float, float, str, float | None]:
        environ = {**os.environ, "HUMMII_INVENTORY": str(self.folder / "inventory.yml")}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an operator's shell does not set it
        out, errors = self.folder / "out", self.folder / "err"
        began, shown = time.monotonic(), None
        with out.open("wb") as stdout, errors.open("wb") as stderr:
            process = subprocess.Popen(
                job.argv, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr
            )
            assert process.stdin is not None  # noqa: S101  # PIPE was asked for
            process.stdin.write(job.text.encode())
            process.stdin.close()
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if shown is None and job.ours and b"plan " in errors.read_bytes():
                    shown = time.monotonic() - began
                if pid:
                    break
                time.sleep(0.005)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(
                f"{job.name} ended with {process.returncode}: {(out.read_text() + errors.read_text())[-2000:]}"
            )
        cpu = usage.ru_utime + usage.ru_stime
        return wall, cpu, usage.ru_maxrss / 1024, out.read_text(encoding="utf-8", errors="replace"), shown

    def _to_1_2(self) -> None:
        self._inside(
            "rm -rf .hummii-ops/marks .hummii-ops/hold;"
            "sed 's/hummii-api:1.0/hummii-api:1.2/' " + BACKUP + " >docker-compose.prod.yml;"
            "docker compose -p hummii -f docker-compose.prod.yml up -d >/dev/null 2>&1"
        )
        _until(self._serves_1_2, "1.2 to serve")

    def _serves_1_2(self) -> bool:
        try:
            answer = httpx.get(self.url, timeout=2)
        except httpx.HTTPError:
            return False
        healthy = self._inside("docker inspect --format '{{.State.Health.Status}}' hummii-api-1").strip() == "healthy"
        return healthy and answer.status_code == 200 and answer.json().get("version") == "1.2"

    def _inside(self, command: str) -> str:
        return container.inside(self.inside, "sh", "-ec", f"cd /opt/hummii && {command}", user="deploy")


def _changing(report: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """The runner's start to the first proven-healthy answer; and the seconds of each step."""
    journal = Path(report["report"]) / report["hosts"][0]["name"] / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    begin = next(line["t"] for line in lines if line["ev"] == "begin")
    proven = next(line["t"] for line in lines if line["step"] == "answers-inside" and line["ev"] in ("done", "skipped"))
    before, spent = begin, {}
    for line in lines:
        if line["ev"] in ("done", "skipped") and line["step"]:
            spent[line["step"]] = (line["t"] - before) / 1000
            before = line["t"]
    return (proven - begin) / 1000, spent


def table(found: list[Figures]) -> str:
    """Markdown: medians (min-max) and ratios to the floor; then our time by step."""
    names = list(dict.fromkeys(one.job for one in found))
    floor = [one for one in found if one.job == "floor"]
    rows = [
        f"rounds: {len(floor)}, round robin; load average at the end: {os.getloadavg()[0]:.1f}",
        "",
        "| job | wall s (min-max) | × floor | changing part s | × floor | outage s (quartiles) | × floor "
        "| client CPU s | client MiB | connections | round trips | plan shown s |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        mine = [one for one in found if one.job == name]
        rows.append("| " + " | ".join([name, *_cells(mine, floor)]) + " |")
    ours = [one for one in found if one.steps]
    if ours:
        rows += ["", "| step | median s |", "|---|---|"]
        rows += [
            f"| {step} | {statistics.median(one.steps.get(step, 0.0) for one in ours):.3f} |" for step in ours[0].steps
        ]
    return "\n".join(rows)


def _cells(mine: list[Figures], floor: list[Figures]) -> list[str]:
    def median(name: str, of: list[Figures]) -> float | None:
        values = [value for value in (getattr(one, name) for one in of) if value is not None]
        return statistics.median(values) if values else None

    def ratio(name: str) -> str:
        value, base = median(name, mine), median(name, floor)
        return f"{value / base:.2f}" if value is not None and base else "-"

    def shown(name: str, digits: int = 2) -> str:
        value = median(name, mine)
        return "-" if value is None else f"{value:.{digits}f}"

    walls = [one.wall_s for one in mine]
    outages = [one.outage_s for one in mine]
    low, _, high = statistics.quantiles(outages, n=4) if len(outages) > 1 else (outages[0],) * 3
    return [
        f"{shown('wall_s')} ({min(walls):.2f}-{max(walls):.2f})", ratio("wall_s"),
        shown("changing_s"), ratio("changing_s"),
        f"{shown('outage_s')} ({low:.2f}-{high:.2f})", ratio("outage_s"),
        shown("cpu_s"), shown("memory_mib", 0), shown("connections", 0), shown("round_trips", 0), shown("plan_s"),
    ]  # fmt: skip


def _until(ready: Any, what: str, limit_s: float = 90) -> None:
    deadline = time.monotonic() + limit_s
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit_s:.0f} s for {what}")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
