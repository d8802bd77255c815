"""`fab lab.*`: the lab's commands. Documents go to stdout, everything for people to stderr."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

from hummii_ops.errors import ExitCode, UsageError
from lab import container, golden, stack
from lab.docker import Ask, Say
from lab.releases import Release, releases
from lab.state import Lab, LabHost, Record

FORMATS = ("text", "json")
FORMAT_HELP = f"how to print the result: {' or '.join(FORMATS)}"


@task(
    auto_shortflags=False,
    help={
        "hosts": "how many hosts (default: as many as there are, or 1)",
        "proxy": "nginx configuration: static or resolving (default: as it is, or static)",
        "format": FORMAT_HELP,
    },
)
def up(_: Context, hosts: int = 0, proxy: str = "", format: str = "text") -> None:
    """Bring up the lab: hosts that run release 1.0 with seed data; what is up already is left as it is."""
    say = _talking(format)
    lab = Lab.here()
    record = stack.up(lab, count=hosts or None, proxy=proxy or None, say=say, ask=asking(say))
    _print_status(lab, record, format)


@task(auto_shortflags=False, help={"format": FORMAT_HELP})
def down(_: Context, format: str = "text") -> None:
    """Remove the lab: its containers, network, volumes and state. Images stay, for the next time."""
    say = _talking(format)
    lab = Lab.here()
    stack.down(lab, say=say)
    _print(format, "lab-down", {"name": lab.name}, [f"the lab {lab.name} is down"])


@task(auto_shortflags=False, help={"format": FORMAT_HELP})
def status(_: Context, format: str = "text") -> None:
    """Where the lab's hosts are, and which release they run."""
    _talking(format)
    lab = Lab.here()
    _print_status(lab, lab.read(), format)


@task(auto_shortflags=False, help={"format": FORMAT_HELP})
def reset(_: Context, format: str = "text") -> None:
    """Make every host new: 1.0 healthy, seed data, no backups, runs, marks, hold or lease."""
    say = _talking(format)
    lab = Lab.here()
    record = stack.reset(lab, say=say, ask=asking(say))
    _print_status(lab, record, format)


@task(
    auto_shortflags=False,
    help={
        "version": "the release to deploy, as `fab lab.releases` names it",
        "guarded": "under the guard of deploys, which fab install-host puts there",
        "format": FORMAT_HELP,
    },
)
def deploy(_: Context, version: str, guarded: bool = False, format: str = "text") -> None:
    """Run the team's deploy script on every host; unless guarded, it does not look at health, holds or marks."""
    say = _talking(format)
    lab = Lab.here()
    record = stack.deploy(lab, version, guarded=guarded, say=say)
    _print_status(lab, record, format)


@task(
    name="releases",
    auto_shortflags=False,
    help={"all": "also those that only tests deploy", "format": FORMAT_HELP},
)
def releases_task(_: Context, all: bool = False, format: str = "text") -> None:
    """The releases that the lab can deploy."""
    _talking(format)
    found = releases(hidden=all)
    lines = [f"{release.version:6} {release.about}" for release in found]
    _print(format, "lab-releases", {"releases": [_release(release) for release in found]}, lines)


def asking(say: Say) -> Ask:
    """In a terminal, ask; without one, say so and go on."""

    def ask(question: str) -> bool:
        if not sys.stdin.isatty():
            say(f"{question} No terminal to ask in: going on.")
            return True
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    return ask


def _talking(format: str) -> Say:
    if format not in FORMATS:
        raise UsageError(f"no format {format!r}", remedy=f"use --format={' or --format='.join(FORMATS)}")
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"lab {time.monotonic() - started:4.0f} s  {line}", file=sys.stderr, flush=True)

    return say


def _print_status(lab: Lab, record: Record, format: str) -> None:
    found = [_host(lab, host) for host in record.hosts]
    document = {
        "name": lab.name,
        "proxy": record.proxy,
        "hosts": found,
        "url": found[0]["url"] if found else None,
        "release": found[0]["release"] if found else None,
        "environment_file": str(lab.environment_file),
    }
    lines = [
        f"{host['name']}  {host['state']:8} release {host['release'] or 'none'}  {host['url']}  "
        f"ssh -p {host['ssh']['port']} -i {host['ssh']['identity_file']} deploy@{host['ssh']['host']}"
        for host in found
    ]
    _print(format, "lab-status", document, lines or [f"the lab {lab.name} is not up: fab lab.up"])


def _host(lab: Lab, host: LabHost) -> dict[str, Any]:
    name = lab.container(host)
    running = container.is_running(name)
    healthy = running and golden.is_healthy(name)
    return {
        "name": host.name,
        "container": name,
        "ssh": {
            "host": "127.0.0.1",
            "port": host.ssh_port,
            "user": "deploy",
            "identity_file": str(lab.identity_file),
        },
        "url": host.url,
        "state": "healthy" if healthy else "ill" if running else "stopped",
        "release": stack.release_of(lab, host) if running else None,
    }


def _release(release: Release) -> dict[str, Any]:
    return {
        "version": release.version,
        "image": release.image,
        "about": release.about,
        "hidden": release.hidden,
    }


def _print(format: str, kind: str, document: dict[str, Any], lines: list[str]) -> None:
    if format == "json":
        whole = {"schema": f"hummii-ops/{kind}/v1", "exit_code": int(ExitCode.DONE), **document}
        print(json.dumps(whole, indent=2))
    else:
        print("\n".join(lines))


namespace = Collection("lab", up, down, status, reset, deploy, releases_task)
