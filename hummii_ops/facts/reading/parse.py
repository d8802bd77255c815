"""An answer of read.sh → a Snapshot: pure, and tolerant of what a newer script adds or an older host lacks.

Never fills a gap with a guess: what was not answered is None, empty or said in words.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePosixPath

from hummii_ops.facts.archive import digests, kept_files
from hummii_ops.facts.deploys import last_deploy
from hummii_ops.facts.frames import Frames, frames, sensible
from hummii_ops.facts.reading import parse_claims, parse_docker, parse_files
from hummii_ops.facts.reading.processes import at_work, running
from hummii_ops.facts.snapshot import ComposeFact, HealthAnswer, HostFact, Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.transport.text import printable

_STATUS = re.compile(rb"^ *HTTP/[0-9.]+ (\d{3})", re.MULTILINE)
_BODY_BYTES = 4096
_STARTED = 19  # starttime is field 22 of /proc/PID/stat; ours begins with field 3


@sensible
def parse(answer: bytes, environment: Environment, *, host_name: str, asked_at: datetime | None = None) -> Snapshot:
    """Read an answer. `asked_at` is our own clock (aware) when the host read its own, for the offset.

    Unreachable if the answer is not whole.
    """
    said = frames(answer, host=host_name)
    host, read_at, uptime_s = _host(said)
    kept = kept_files(said.one("tar").data)
    ours = f"{environment.project_dir}/.hummii-ops"
    claims = {path.removeprefix(f"{ours}/"): one.text for path, one in kept.items() if path.startswith(ours)}
    marks = (
        parse_claims.mark(path.removeprefix("marks/"), text)
        for path, text in claims.items()
        if path.startswith("marks/")
    )
    lease, busy = parse_claims.lease(claims.get("lease")), said.one("busy").text.strip() == "held"
    return Snapshot(
        host_name=host_name,
        project=environment.project,
        read_at=read_at,
        clock_offset=read_at - asked_at if asked_at else None,
        host=host,
        project_dir=parse_files.project_dir(said, environment),
        engine=parse_docker.engine(said),
        tools_missing=tuple(line for one in said.all("tools") for line in one.text.splitlines()),
        compose=_compose(said, environment),
        files=parse_files.files(said, environment),
        containers=parse_docker.containers(said),
        images=parse_docker.images(said),
        backups=parse_files.backups(said, kept),
        present=frozenset(said.one("present").text.splitlines()),
        lease=lease,
        hold=parse_claims.hold(claims.get("hold")),
        deploy=last_deploy(claims.get("last-deploy"), at_work=lease.run if lease and busy else None),
        marks={one.identity: one for one in marks if one},
        runs=parse_claims.runs(kept, folder=f"{ours}/runs"),
        busy=busy,
        journal=said.one("journal").text,
        gate_s=int(waits) if (waits := said.one("gate").text.strip()).isdecimal() else None,
        at_work=at_work(
            running(said.all("process"), uptime_s=uptime_s),
            project=environment.project,
            project_dirs=(environment.project_dir, said.one("real").text.strip()),
            compose_file=environment.compose_file,
            words=environment.deploy_processes,
        ),
        health=_health(said, environment.health.inside),
        disks=parse_files.disks(said),
        space_used_bytes=_space(said),
    )


def _host(said: Frames) -> tuple[HostFact, datetime, float]:
    names, clock, account, *rest = (*said.one("host").text.splitlines(), "", "", "")
    fields = dict(line.split("=", 1) for line in rest if "=" in line)
    hostname, _, kernel = names.partition(" ")
    millis, _, offset = clock.partition(" ")
    groups = account.partition(" groups=")[2].split(" ")[0]
    first = fields.get("first", "").split()
    host = HostFact(
        hostname=hostname,
        user="".join(re.findall(r"^uid=\d+\(([^)]*)\)", account)),
        groups=tuple(re.findall(r"\(([^)]*)\)", groups)),
        boot_id=fields.get("boot", ""),
        pid1_started=first[_STARTED] if len(first) > _STARTED else "",
        umask=fields.get("umask", ""),
        ends_user_processes=fields.get("logind", "").strip() == "b true",
        kernel=kernel,
        utc_offset_s=_offset_s(offset),
        zone=_zone(fields),
    )
    read_at = parse_claims.epoch_ms(millis) or datetime.fromtimestamp(0, UTC)
    uptime = fields.get("uptime", "")
    return host, read_at, float(uptime) if re.fullmatch(r"\d+(\.\d+)?", uptime) else 0.0


def _zone(fields: dict[str, str]) -> str | None:
    """The name that decides what `date` prints there: TZ, else what localtime points at, else its note."""
    pointed = fields.get("localtime", "").partition("zoneinfo/")[2]
    return fields.get("tz") or pointed or fields.get("zone") or None


def _offset_s(text: str) -> int:
    matched = re.fullmatch(r"([+-])(\d\d)(\d\d)", text)
    if matched is None:
        return 0
    return (int(matched[2]) * 3600 + int(matched[3]) * 60) * (-1 if matched[1] == "-" else 1)


def _compose(said: Frames, environment: Environment) -> ComposeFact:
    answer = said.one("compose")
    exists = bool(said.all("compose"))
    hashes, error = parse_docker.config_hashes(said)
    name = PurePosixPath(environment.compose_file).name
    return ComposeFact(
        path=environment.compose_file,
        content=answer.data.decode(errors="replace") if exists else None,
        sha256=digests(said.one("sums").text).get(f"{environment.project_dir}/{environment.compose_file}"),
        config_hashes=hashes,
        replicas=None if hashes is None else parse_docker.replicas(said.one("config")),
        config_error=error if exists else f"{name} does not exist in {environment.project_dir}",
    )


def _health(said: Frames, url: str | None) -> HealthAnswer | None:
    if url is None or not said.all("health"):
        return None
    answer = said.one("health").data
    times = [int(one) for one in said.one("health_ms").text.split() if one.isdecimal()]
    text, marker, code = answer.rpartition(b"\n@code ")
    if not marker:
        text = answer
    statuses = list(_STATUS.finditer(text))
    after = text[statuses[-1].end() :] if statuses else b""
    body = re.split(rb"\r?\n\r?\n", after, maxsplit=1)[1:]
    return HealthAnswer(
        url=url,
        code=int(statuses[-1][1]) if statuses else None,
        body=printable((body or [b""])[0][:_BODY_BYTES]),
        elapsed_ms=times[1] - times[0] if len(times) == 2 else 0,
        error=None if statuses else printable(text).strip() or f"no answer (code {code.decode()})",
    )


def _space(said: Frames) -> int | None:
    first = said.one("space").text.split()[:1]
    return int(first[0]) * 1024 if first and first[0].isdecimal() else None
