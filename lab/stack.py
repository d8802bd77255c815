"""What people and tests do with a lab: up, down, reset, status, deploy. Each can be called again."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hummii_ops.errors import Busy, ExitCode, Refused, UsageError
from lab import container, golden, hosts, payments
from lab.docker import Ask, DockerFailed, Say, docker, succeeds
from lab.engine import ensure_engine
from lab.environment import write_environment
from lab.images import Images, ensure_images
from lab.locks import held
from lab.releases import ALL_VERSIONS, releases
from lab.state import Lab, LabHost, Record

PROXIES = ("static", "resolving")
MOST_HOSTS = 9
GUARD = "/opt/hummii/.hummii-ops/bin/hummii-host"


def up(lab: Lab, *, count: int | None = None, proxy: str | None = None, say: Say, ask: Ask) -> Record:
    """Bring up what is missing of `count` hosts (default: those there are, or 1), leaving running ones."""
    if count is not None and not 1 <= count <= MOST_HOSTS:
        raise UsageError(f"a lab of {count} hosts", remedy=f"ask for 1 to {MOST_HOSTS}")
    if proxy is not None and proxy not in PROXIES:
        raise UsageError(f"no proxy configuration {proxy!r}", remedy=f"use one of: {', '.join(PROXIES)}")
    ensure_engine(say=say, ask=ask)
    images = ensure_images(say=say, ask=ask)
    lab.folder.mkdir(parents=True, exist_ok=True)
    with held(lab.folder / "lock", say=say, why="changing this lab"):
        record = _with_golden(lab, images, proxy or lab.read().proxy, say=say)
        if not succeeds("network", "inspect", lab.network):
            docker("network", "create", lab.network)
        payments.ensure(lab, images.payments.tag)
        made: list[LabHost] = []
        for host in record.hosts:
            if container.exists(lab.container(host)):
                hosts.wake(lab, host)
            else:
                say(f"{host.name}: from the golden state …")
                hosts.restore(lab, host, images.host.tag)
                made.append(host)
        for number in range(len(record.hosts) + 1, (count or 1) + 1):
            say(f"lab-{number}: from the golden state …")
            taken = {port for host in record.hosts for port in (host.ssh_port, host.url_port)}
            made.append(hosts.create(lab, number, images.host.tag, taken=taken))
            record = replace(record, hosts=(*record.hosts, made[-1]))
            lab.write(record)
        _on_each(made, lambda host: hosts.await_healthy(lab, host))
        write_environment(lab, record)
    return record


def reset(lab: Lab, *, project_mb: int | None = None, say: Say, ask: Ask) -> Record:
    """Make every host the golden state again: 1.0 healthy, seed data, no trace of any run.

    With `project_mb`, /opt/hummii is on a file system of that many MiB until the next reset: a disk to fill.
    """
    record = brought_up(lab)
    images = ensure_images(say=say, ask=ask)
    with held(lab.folder / "lock", say=say, why="changing this lab"):
        record = _with_golden(lab, images, record.proxy, say=say)

        def put_back(host: LabHost) -> None:
            hosts.restore(lab, host, images.host.tag, project_mb=project_mb)
            hosts.await_healthy(lab, host)

        say("reset: back to release 1.0 with seed data …")
        payments.start(lab, images.payments.tag)
        _on_each(record.hosts, put_back)
        write_environment(lab, record)
    return record


def down(lab: Lab, *, say: Say) -> None:
    """Remove the lab's containers, network, volumes and state; images and the seed stay, for other labs."""
    say(f"removing the lab {lab.name} …")
    hosts.remove_all(lab)
    payments.remove(lab)
    golden.discard(lab)
    succeeds("network", "rm", lab.network)
    if lab.folder.exists():
        shutil.rmtree(lab.folder)


def deploy(lab: Lab, version: str, *, guarded: bool = False, say: Say) -> Record:
    """Run the team's deploy script on every host, as it is or guarded. Raises UsageError for an unknown version."""
    if version not in ALL_VERSIONS:
        known = ", ".join(release.version for release in releases())
        raise UsageError(f"the lab has no release {version!r}", remedy=f"use one of: {known}")
    record = brought_up(lab)

    def run(host: LabHost) -> None:
        if guarded:
            _with_lease(lab, host, version, say=say)
            return
        said = container.inside(lab.container(host), "sh", "/opt/hummii/deploy.sh", version, user="deploy", limit_s=300)
        say(f"{host.name}: {said.splitlines()[-1]}")

    _on_each(record.hosts, run)
    return record


def _with_lease(lab: Lab, host: LabHost, version: str, *, say: Say) -> None:
    """The same script under the guard. Raises Refused with the guard's own words."""
    # asked before: an exit code for "no such program" may be the script's own as well
    if not succeeds("exec", "-u", "deploy", lab.container(host), "test", "-x", GUARD):
        raise Refused(f"{host.name} has no guard of deploys", remedy="fab install-host --yes")
    call = ("docker", "exec", "-u", "deploy", "-w", "/opt/hummii", lab.container(host))
    words = (GUARD, "with-lease", f"--version={version}", "--", "./deploy.sh", version)
    said = subprocess.run([*call, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    for line in (said.stdout + said.stderr).splitlines():
        say(f"{host.name}: {line}")
    if said.returncode:
        error = Busy if said.returncode == ExitCode.BUSY else Refused
        raise error(f"{host.name}: the guarded deploy ended with {said.returncode}", remedy="fab status")


def old_procedure(lab: Lab, host: LabHost) -> None:
    """Leave on a host what the written procedure leaves: bare backups under many names, plain dumps."""
    script = (golden.PRODUCTION / "old-procedure.sh").read_text()
    container.inside(lab.container(host), "sh", "-eu", user="deploy", stdin=script)


def brought_up(lab: Lab) -> Record:
    record = lab.read()
    if not record.hosts:
        raise Refused(f"the lab {lab.name} is not up", remedy="fab lab.up")
    return record


def release_of(lab: Lab, host: LabHost) -> str | None:
    """The version of the api that runs on a host: its image's tag; None when none runs."""
    try:
        image = container.inside(
            lab.container(host),
            "docker",
            "ps",
            "--filter=label=com.docker.compose.project=hummii",
            "--filter=label=com.docker.compose.service=api",
            "--format={{.Image}}",
            limit_s=20,
        )
    except DockerFailed:
        return None
    found = re.fullmatch(r"hummii-api:(\S+)", image)
    return found[1] if found else None


def _with_golden(lab: Lab, images: Images, proxy: str, *, say: Say) -> Record:
    """The record, with a golden state of today's inputs; hosts that are copies of another are removed."""
    record, wanted = lab.read(), golden.key(lab, images, proxy)
    whole = all(succeeds("volume", "inspect", name) for name in golden.volumes(lab).names())
    if record.golden == wanted and whole:
        return record
    for host in record.hosts:
        succeeds("rm", "--force", "--volumes", lab.container(host))
    lab.write(replace(record, golden=""))
    golden.make(lab, images, proxy, say=say)
    record = replace(record, proxy=proxy, golden=wanted)
    lab.write(record)
    return record


def _on_each(all_hosts: Sequence[LabHost], act: Callable[[LabHost], None]) -> None:
    with ThreadPoolExecutor(max_workers=max(1, len(all_hosts))) as pool:
        list(pool.map(act, all_hosts))
