"""The part `load`: what reading a host costs when much lies on it, and what a plan costs over many hosts.

Each load is laid beside the ones before it, so that the last one has all of them. What is measured changes nothing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench.call import call
from bench.jobs import FAB
from bench.load_hosts import many_hosts
from bench.production import Production
from hummii_ops.errors import ExitCode
from lab import container, stack
from lab.docker import Say
from lab.state import Lab

SMALL = bool(os.environ.get("HUMMII_BENCH_SMALL"))
ROUNDS = int(os.environ.get("HUMMII_BENCH_ROUNDS", "1" if SMALL else "5"))
BACKUPS, RUNS, LOG_MIB, HOSTS = (100, 20, 20, 3) if SMALL else (10_000, 500, 5120, 50)
DRY = ("rollback", "--to=1.0", "--dry-run")
COMMANDS = {"fab status": ("status",), "fab releases": ("releases",), "fab rollback --dry-run": DRY}
# It alone of these reads what services log.
COMMANDS_OF_LOG = {**COMMANDS, "fab verify": ("verify",)}
COMMANDS_OF_MANY = {"fab rollback --dry-run": DRY, "fab verify": ("verify",)}
# It looks to its end, whatever it finds: a stack that was just deployed over and over may well be degraded.
WELL = {"fab verify": (ExitCode.DONE, ExitCode.DEGRADED, ExitCode.INCONCLUSIVE)}

_BACKUPS = """
for n in $(seq 1 "$1"); do
  date -u -d "2020-01-01 + $n minutes" +%Y%m%d_%H%M%S
done | while read -r stamp; do cp docker-compose.prod.yml "backups/docker-compose.prod.yml.backup-$stamp"; done
"""
# The run that there is, under other names: as long ago as its name says.
_RUNS = """
cd .hummii-ops/runs
one=$(ls | head -n 1)
for n in $(seq 1 "$1"); do
  cp -a "$one" "$(date -u -d "2020-01-01 + $n minutes" +%Y%m%dT%H%M%SZ)-rollback-$(printf %04x "$n")"
done
"""
_LOG = """
path=$(docker inspect --format '{{.LogPath}}' hummii-api-1)
line="{\\"log\\":\\"$(printf %0200d 0)\\\\n\\",\\"stream\\":\\"stdout\\",\\"time\\":\\"$(date -u +%FT%T.%NZ)\\"}"
yes "$line" | head -c "$(($1 * 1048576 / (${#line} + 1) * (${#line} + 1)))" >>"$path"
[ "$(docker logs --tail 1 hummii-api-1)" = "$(printf %0200d 0)" ] # the engine reads what was written
"""


def load(lab: Lab, say: Say) -> tuple[Any, str]:
    """The figures, and their tables."""
    production = Production(lab)
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        _begun(production, folder, say)
        figures = {"a host as it is": _measured(folder, COMMANDS_OF_LOG, say)}
        for count in sorted({min(10, HOSTS), HOSTS}):
            say(f"{count} hosts …")
            with many_hosts(production, folder, count):
                figures[f"{count} hosts"] = _measured(folder, COMMANDS_OF_MANY, say)
        for name, lay, commands in _loads(production):
            say(f"{name} …")
            lay()
            figures[name] = _measured(folder, commands, say)
        few = min(10, HOSTS)
        with many_hosts(production, folder, few):
            figures[f"and {few} hosts, each with all of it"] = _measured(folder, {"fab rollback --dry-run": DRY}, say)
    found = {"rounds": ROUNDS, "load_average": round(os.getloadavg()[0], 1), "loads": figures}
    return found, tables(found)


def _begun(production: Production, folder: Path, say: Say) -> None:
    """1.2 runs, 1.0 can be gone back to, and there is one run that did."""
    production.reset(say)
    production.laptop(folder)
    stack.deploy(production.lab, "1.2", say=say)
    call((FAB, "rollback", "--to=1.0", "--yes", "--reason=bench", "--settle=0"), folder)
    call((FAB, "unhold", "--reason=bench"), folder)
    stack.deploy(production.lab, "1.2", say=say)


def _loads(production: Production) -> list[tuple[str, Callable[[], object], Mapping[str, tuple[str, ...]]]]:
    name = production.lab.container(production.host)

    def laid(script: str, number: int, user: str) -> Callable[[], object]:
        words = ("sh", "-ec", f"cd /opt/hummii\n{script}", "sh", str(number))
        return lambda: container.inside(name, *words, user=user, limit_s=1800)

    return [
        (f"{BACKUPS} restore points", laid(_BACKUPS, BACKUPS, "deploy"), COMMANDS),
        (f"and {RUNS} kept runs", laid(_RUNS, RUNS, "deploy"), COMMANDS),
        (f"and a log of {LOG_MIB} MiB", laid(_LOG, LOG_MIB, "root"), COMMANDS_OF_LOG),
    ]


def _measured(folder: Path, commands: Mapping[str, tuple[str, ...]], say: Say) -> dict[str, dict[str, float]]:
    """Each command as often as there are rounds, in turns; medians, and the worst. One that ended badly says so."""
    calls: dict[str, list[Any]] = {name: [] for name in commands}
    failed: dict[str, str] = {}
    for _ in range(ROUNDS):
        for name, words in commands.items():
            try:
                calls[name].append(call((FAB, *words, "--format=json"), folder, well=WELL.get(name, (0,))))
            except RuntimeError as error:
                failed[name] = str(error)[:300]
                say(failed[name])
    return {name: _figures(each) | {"failed": failed.get(name, "")} for name, each in calls.items()}


def _figures(calls: list[Any]) -> dict[str, Any]:
    if not calls:
        return {}
    return {
        "wall_s": round(median(one.wall_s for one in calls), 2),
        "worst_s": round(max(one.wall_s for one in calls), 2),
        "cpu_s": round(median(one.cpu_s for one in calls), 2),
        "memory_mib": round(median(one.memory_mib for one in calls)),
    }


def tables(found: dict[str, Any]) -> str:
    """As Markdown."""
    rows = [(f"{name}: {command}", one) for name, each in found["loads"].items() for command, one in each.items()]
    head = "| what | wall s (worst) | client CPU s | client MiB |\n|---|---|---|---|\n"
    said = f"rounds: {found['rounds']}; load average at the end: {found['load_average']}\n\n"
    return said + head + "".join(_row(*one) for one in rows)


def _row(what: str, one: Mapping[str, Any]) -> str:
    if one["failed"]:
        return f"| {what} | did not end well | - | - |\n"
    return f"| {what} | {one['wall_s']:.2f} ({one['worst_s']:.2f}) | {one['cpu_s']:.2f} | {one['memory_mib']} |\n"
