"""What the host and its containers use now, as the host tells it. Judged by resource_limits.

Never guesses: what the host does not tell (no PSI, a container that docker left out) is None or absent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.resources import files

from hummii_ops.checks.mask import shown
from hummii_ops.facts.frames import Frames, frames, sensible
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.transport import Transport

_LIMIT_S = 45
_PRESSURE = re.compile(r"(cpu|memory|io) (some|full) avg10=([\d.]+) avg60=([\d.]+)")
_USED = re.compile(r"([0-9a-f]{12,64}) ([\d.]+)% ([\d.]+)% (.+)")
_IDLE, _STEAL = (3, 4), 7  # columns of /proc/stat: idle and waiting for a disk, stolen


@dataclass(frozen=True, kw_only=True)
class Used:
    """One container. `cpu_percent` is of one core, `memory_percent` of what it may have."""

    cpu_percent: float
    memory_percent: float
    memory: str


@dataclass(frozen=True, kw_only=True)
class Kills:
    """A container's restarts in its life, and processes of it that the kernel has killed for memory."""

    restarts: int
    for_memory: int


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What resources.sh saw; None where the host does not tell. Percents are of all cores."""

    used: dict[str, Used] = field(default_factory=dict)
    trouble: str | None = None
    kills: dict[str, Kills] = field(default_factory=dict)
    busy_percent: float | None = None
    steal_percent: float | None = None
    pressure: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    load: float | None = None
    cores: int = 1
    memory_percent: float | None = None


def read(transport: Transport, snapshot: Snapshot, *, version_service: str) -> Resources:
    """One call. Raises LinkLost, and Unreachable for an answer that was cut."""
    up = [one.id for one in snapshot.containers if one.is_up]
    made = min((one.created_at for one in snapshot.service(version_service)), default=snapshot.read_at)
    script = files("hummii_ops.checks.resources").joinpath("resources.sh").read_text(encoding="utf-8")
    said = transport.call(script, snapshot.project, str(int(made.timestamp())), *up, limit_s=_LIMIT_S)
    return parse(frames(said.stdout, host=transport.name))


@sensible
def parse(said: Frames) -> Resources:
    """The sections of resources.sh."""
    used = {m[1]: _used(m) for line in said.one("stats").text.splitlines() if (m := _USED.fullmatch(line.strip()))}
    memory = dict(re.findall(r"(\w+):\s+(\d+)", said.one("memory").text))
    total = float(memory.get("MemTotal", 0))
    busy, steal = _cpu(said.one("cpu").text.splitlines())
    load = said.one("load").text.split()
    cores = said.one("cores").text.strip()
    return Resources(
        used=used,
        trouble=shown(said.one("stats").text) if said.one("stats").exit_code else None,
        kills=_kills(said),
        busy_percent=busy,
        steal_percent=steal,
        pressure={(m[1], m[2]): (float(m[3]), float(m[4])) for m in _PRESSURE.finditer(said.one("pressure").text)},
        load=float(load[0]) if load else None,
        cores=max(int(cores), 1) if cores.isdecimal() else 1,
        memory_percent=100 * (1 - float(memory["MemAvailable"]) / total)
        if total and "MemAvailable" in memory
        else None,
    )


def _used(matched: re.Match[str]) -> Used:
    return Used(cpu_percent=float(matched[2]), memory_percent=float(matched[3]), memory=matched[4])


def _cpu(lines: list[str]) -> tuple[float | None, float | None]:
    """Busy and stolen share of all cores between two lines of /proc/stat, in percent."""
    counts = [[int(word) for word in line.split()[1:9]] for line in lines if line.startswith("cpu ")]
    if len(counts) != 2 or len(counts[0]) < 8:
        return None, None
    spent = [max(after - before, 0) for before, after in zip(*counts, strict=True)]
    total = sum(spent)
    if not total:
        return None, None
    idle = sum(spent[column] for column in _IDLE)
    return 100 * (total - idle) / total, 100 * spent[_STEAL] / total


def _kills(said: Frames) -> dict[str, Kills]:
    """By container: the kernel's counter, or the events that docker still knows, whichever is more."""
    events = said.one("events").text.split()
    kills = {}
    for line in said.one("containers").text.splitlines():
        words = [*line.split(), "", "", "", ""][:4]
        if re.fullmatch(r"[0-9a-f]{64}", words[0]) and words[1].isdecimal():
            counted = int(words[3]) if words[3].isdecimal() else int(words[2] == "true")
            kills[words[0]] = Kills(restarts=int(words[1]), for_memory=max(counted, events.count(words[0])))
    return kills
