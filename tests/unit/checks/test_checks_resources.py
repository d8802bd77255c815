"""What the host uses: what its script says, how that is read, and which of it breaks the verdict."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from built_snapshots import container, snapshot, stack

from hummii_ops.checks import Measurement, worst
from hummii_ops.checks.resources import resource_limits, resources
from hummii_ops.checks.resources.resource_limits import judge
from hummii_ops.checks.resources.resources import Kills, Resources, Used, parse
from hummii_ops.facts.frames import frames
from hummii_ops.facts.snapshot import DiskFact
from hummii_ops.inventory import Environment
from hummii_ops.inventory.limits import Limits
from hummii_ops.transport import FakeTransport, LinkLost, Result
from hummii_ops.transport.local import LocalTransport

ANSWER = Path(__file__).parent / "answers" / "resources.txt"
ENVIRONMENT = Environment.model_validate({"name": "e", "hosts": [{"name": "h", "address": "h"}]})
API, NGINX = container("api"), container("nginx")
WELL = Resources(
    used={API.id: Used(cpu_percent=50, memory_percent=10, memory="1GiB / 10GiB")},
    kills={API.id: Kills(restarts=0, for_memory=0)},
    busy_percent=60,
    steal_percent=0,
    pressure={("cpu", "some"): (10, 20), ("memory", "full"): (0, 0), ("io", "full"): (1, 2)},
    load=1,
    cores=2,
    memory_percent=40,
)


def judged(found: Resources, **limits: Any) -> dict[str, Measurement]:
    return {one.name: one for one in judge(snapshot(*stack(API)), found, Limits(**limits))}


def test_an_answer_as_it_came_from_a_host() -> None:
    """Every section is read; a host at work on something else says so."""
    found = parse(frames(ANSWER.read_bytes(), host="h"))
    assert len(found.used) == len(found.kills) == 4
    assert all(0 < one.memory_percent < 1 and "MiB / " in one.memory for one in found.used.values())
    assert {one.for_memory for one in found.kills.values()} == {0}
    assert found.cores == 2
    assert found.load is not None
    assert found.busy_percent is not None
    assert 0 <= found.busy_percent <= 100
    assert set(found.pressure) == {(what, kind) for what in ("cpu", "memory", "io") for kind in ("some", "full")}


def test_a_well_host() -> None:
    """Everything passes, with what was measured; what docker left out is skipped, never passed."""
    found = judged(WELL)
    assert {one.verdict for name, one in found.items() if name not in ("cpu.nginx", "cpu.postgres")} == {"pass"}
    assert found["cpu.nginx"].verdict == "skipped"
    assert (found["cpu.api"].value, found["cpu.api"].limit) == (25, 90)
    assert found["host.others"].value == 35  # 60 of 100, less the api's 25
    assert worst(found.values()) == "pass"


@pytest.mark.parametrize(
    ("changes", "name", "breaks"),
    [
        ({"used": {API.id: Used(cpu_percent=199, memory_percent=1, memory="")}}, "cpu.api", False),
        ({"used": {API.id: Used(cpu_percent=1, memory_percent=95, memory="")}}, "memory.api", False),
        ({"kills": {API.id: Kills(restarts=0, for_memory=1)}}, "oom", True),
        ({"kills": {API.id: Kills(restarts=2, for_memory=0)}}, "restarts", False),
        ({"busy_percent": 100, "used": {}}, "host.others", False),
        ({"steal_percent": 9}, "host.steal", False),
        ({"load": 9}, "host.load", False),
        ({"memory_percent": 99}, "host.memory", False),
        ({"pressure": {("cpu", "some"): (0, 60)}}, "pressure.cpu", False),
        ({"pressure": {("io", "full"): (30, 0)}}, "pressure.io", False),
    ],
)
def test_a_limit_that_is_broken(changes: dict[str, Any], name: str, breaks: bool) -> None:
    """A fail with its limit; only what has cost customers something breaks the verdict."""
    found = judged(replace(WELL, **changes))
    assert found[name].verdict == "fail"
    assert "more than" in found[name].reason
    assert worst(found.values()) == ("fail" if breaks else "pass")


def test_what_the_host_does_not_tell_is_skipped() -> None:
    """No PSI, no memory, no second look at the CPU: skipped, each with its reason."""
    found = judged(Resources(trouble="no answer"))
    assert found["cpu"].verdict == "error"
    assert {one.verdict for name, one in found.items() if name != "cpu"} == {"skipped"}


@pytest.mark.parametrize("free", [4, 6])
def test_a_full_disk_breaks_the_verdict(free: int) -> None:
    """Less than 5 % of it left is a fail; a device that holds both folders is told once."""
    disks = [
        DiskFact(path=path, device="/dev/a", total_bytes=100, free_bytes=free, total_inodes=10, free_inodes=9)
        for path in ("/opt/hummii", "/var/lib/docker")
    ]
    cut = FakeTransport(lambda _script, _args: Result(exit_code=0, stdout=b"", stderr=b""))
    found = resource_limits.measure(cut, snapshot(disks=tuple(disks)), ENVIRONMENT)
    assert [(one.name, one.verdict) for one in found] == [
        ("disk.project", "fail" if free == 4 else "pass"),
        ("inodes.project", "pass"),
        ("host", "error"),
    ]


def test_a_lost_link_is_no_pass() -> None:
    """Nothing is known, and that is said."""

    def lost(_script: str, _args: tuple[str, ...]) -> Result:
        raise LinkLost("gone")

    (found,) = resource_limits.measure(FakeTransport(lost), snapshot(), ENVIRONMENT)
    assert (found.verdict, found.name) == ("error", "host")


DOCKER = f"""#!/bin/sh
case $1 in
  stats) echo "{API.id} 12.50% 3.00% 30MiB / 1GiB" ;;
  inspect) echo "{API.id} $$ 2 true"; echo "{NGINX.id} 0 0 false" ;;
  events) echo {NGINX.id}; echo {NGINX.id} ;;
esac
"""


def test_the_script_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real sh and a real /proc; events that docker remembers count where a restart has reset the counter."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = resources.read(LocalTransport(), snapshot(), version_service="api")
    assert found.used == {API.id: Used(cpu_percent=12.5, memory_percent=3, memory="30MiB / 1GiB")}
    assert found.kills[API.id].restarts == 2
    assert found.kills[NGINX.id] == Kills(restarts=0, for_memory=2)
    assert found.memory_percent is not None
    assert 0 < found.memory_percent < 100


def test_docker_that_does_not_answer() -> None:
    """Its own words are the reason."""
    words = b64encode(b"Cannot connect to the Docker daemon").decode()
    found = parse(frames(f"@hummii stats 1 {words}\n@hummii end 0 \n".encode(), host="h"))
    assert found.trouble == "Cannot connect to the Docker daemon"
    assert judged(found)["cpu"].verdict == "error"
