"""A run as it is kept on this machine: what its folder says, however much of it came home.

Reads only; asks no host. A file that is absent, torn or not ours is told as missing, and the rest is read all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hummii_ops.errors import Refused
from hummii_ops.events import Event
from hummii_ops.plans.plan import Plan
from hummii_ops.run import journal, mirror, outcome, witness
from hummii_ops.run.outcome import Outcome

# Kept beside the hosts' folders; nothing of it comes from a host.
NOTES, VERIFY, FOLLOWUPS, REPORT = "notes.jsonl", "verify.json", "followups.json", "report.json"
SCENARIO = "scenario.json"
_ENDED = frozenset({"done", "restored", "prepared", "refused", "abandoned", "mixed"})


@dataclass(frozen=True, kw_only=True)
class KeptHost:
    """One host's share. `state` "": not known here. `saved_at`: when the journal was written here, by this clock.

    `lines` are the numbers of the journal's lines that `events` came from; `files` the names of what may be evidence,
    relative to the host's folder.
    """

    name: str
    plan: Plan
    about: Mapping[str, str]
    events: tuple[Event, ...]
    lines: tuple[int, ...]
    outcome: Outcome
    probes: str
    saved_at: datetime | None
    files: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Does the journal that is here go to the run's end?"""
        return any(event.kind in _ENDED and not event.step for event in self.events[-1:])


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A run over its hosts. `missing` are sentences about what is not here."""

    run_id: str
    folder: Path
    hosts: tuple[KeptHost, ...]
    notes: tuple[Mapping[str, Any], ...]
    verify: Mapping[str, Any] | None
    scenario: Mapping[str, Any] | None
    missing: tuple[str, ...]

    @property
    def about(self) -> Mapping[str, str]:
        """Who asked for it, when and why."""
        return next((host.about for host in self.hosts if host.about), {})


def read(folder: Path) -> Kept:
    """The run in `folder`. Raises Refused if nothing of a run is there."""
    found: list[KeptHost] = []
    missing: list[str] = []
    for path in sorted(path.parent for path in folder.glob("*/plan.json")):
        try:
            found.append(_host(folder.name, path))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            missing.append(f"{path.name}: its plan cannot be read ({type(error).__name__}): made by another version")
    if not found:
        raise Refused(
            f"nothing of {folder.name} is kept on this machine" + "".join(f"; {one}" for one in missing),
            remedy=f"bring it home, if its host still has it: fab evidence --run={folder.name}",
        )
    named = next((one.about.get("hosts", "").split() for one in found if one.about), [])
    missing += [f"{name}: nothing of it came home" for name in named if not (folder / name).is_dir()]
    for one in found:
        missing += _missing(one)
    return Kept(
        run_id=folder.name,
        folder=folder,
        hosts=tuple(found),
        notes=tuple(read_lines(folder / NOTES)),
        verify=read_object(folder / VERIFY),
        scenario=read_object(folder / SCENARIO),
        missing=tuple(missing),
    )


def newest(runs_dir: Path, environment: str, *, tasks: tuple[str, ...] = ()) -> Path | None:
    """The folder of the newest run of an environment, of these tasks or of any; ids sort by time.

    Where tasks are named, a run that was refused is passed over: it left nothing.
    """
    for folder in sorted(runs_dir.glob("*-*"), reverse=True):
        for path in folder.glob("*/plan.json"):
            plan = read_object(path) or {}
            if plan.get("environment") == environment and (not tasks or _counts(path.parent, plan, tasks)):
                return folder
    return None


def _counts(host: Path, plan: Mapping[str, Any], tasks: tuple[str, ...]) -> bool:
    return plan.get("task") in tasks and mirror.texts(host).get("state", "").strip() != "refused"


def read_object(path: Path) -> dict[str, Any] | None:
    """A JSON object; None if there is none that can be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file with one a line; a torn line is passed over."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _host(run_id: str, path: Path) -> KeptHost:
    plan = Plan.from_json(json.loads((path / "plan.json").read_text(encoding="utf-8")))
    kept, log = path / "journal.jsonl", path / "output.log"
    text = kept.read_text(encoding="utf-8", errors="replace") if kept.is_file() else ""
    parsed = [journal.parse_line(line, run_id=run_id, host=path.name) for line in text.splitlines()]
    events = tuple(one for one in parsed if one is not None)
    left = mirror.texts(path)
    printed = log.read_bytes() if log.is_file() else b""
    return KeptHost(
        name=path.name,
        plan=plan,
        about=dict(line.split("=", 1) for line in left.get("about", "").splitlines() if "=" in line),
        events=events,
        lines=tuple(number for number, one in enumerate(parsed, 1) if one is not None),
        outcome=replace(
            outcome.of(plan, run_id, _state(left.get("state", ""), events), events, left, printed),
            journal_sha256=witness.hash_of(path),
        ),
        probes=left.get("evidence/probe.txt", ""),
        saved_at=datetime.fromtimestamp(kept.stat().st_mtime, tz=UTC) if kept.is_file() else None,
        files=tuple(sorted(_evidence(path))),
    )


def _state(said: str, events: tuple[Event, ...]) -> str:
    """The run's last word; where its file did not come home, what the journal says."""
    words = (one.kind for one in reversed(events) if not one.step and one.kind in (*_ENDED, "back"))
    return said.strip() or next(words, "unknown")


def _evidence(path: Path) -> Iterator[str]:
    yield from (name for name in ("journal.jsonl", "output.log", "plan.json") if (path / name).is_file())
    yield from (str(one.relative_to(path)) for one in (path / "evidence").rglob("*") if one.is_file())


def _missing(host: KeptHost) -> Iterator[str]:
    if not host.events:
        yield f"{host.name}: its journal did not come home: what it did is not known here"
    elif not host.ended:
        yield f"{host.name}: its journal here stops at {host.events[-1].at:%H:%M:%S} UTC, before the run's end"
    if host.events and not host.about:
        yield f"{host.name}: who asked for it and why is not here"
    if host.plan.probe_url and host.outcome.changed and not host.probes.strip():
        yield f"{host.name}: no samples of its health URL came home: the outage is not known"
