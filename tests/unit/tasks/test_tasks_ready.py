"""fab ready as cron calls it, where the host does not answer: an answer all the same, and never a green one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hummii_ops.errors import HostKeyError, Unreachable
from hummii_ops.inventory import load
from hummii_ops.tasks.deploys.ready import host_lines

ROOT = Path(__file__).parents[3]
INVENTORY = """\
environments:
  production:
    ssh_config: false
    known_hosts: [known_hosts]
    hosts:
      - {name: prod-1, address: 127.0.0.1, port: 9, user: nobody}
    secrets: {token: {env: HUMMII_TEST_ABSENT}}
    notify: {channels: [{kind: slack, name: team, channel: C1, token: token, url: "http://127.0.0.1:9"}]}
    ready: {reviewed: 2020-01-01}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.yml"
    path.write_text(INVENTORY, encoding="utf-8")
    return path


def fab(inventory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"HUMMII_INVENTORY": str(inventory), "HUMMII_ENV": "production"}
    command = [str(Path(sys.executable).with_name("fab")), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environ)


def test_a_host_that_does_not_answer_is_a_line(inventory: Path) -> None:
    """Could not look (10), with what to do; what needs no host is looked at all the same; Prometheus hears of it."""
    file = inventory.with_name("hummii.prom")
    done = fab(inventory, "ready", "--format=json", f"--metrics={file}")
    assert done.returncode == 10, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    lines = {one["name"]: one for one in said["lines"]}
    verdicts = {name: one["verdict"] for name, one in lines.items()}
    assert verdicts == {"link": "error", "channel.team": "inconclusive", "review": "inconclusive", "drill": "skipped"}
    assert all(one["todo"] for name, one in lines.items() if name != "drill")
    assert 'hummii_ops_ready_status{environment="production"} 2\n' in file.read_text(encoding="utf-8")


def test_people_read_what_to_do(inventory: Path) -> None:
    """Each line that is not green has an arrow with the next thing to do; the last line says how it is."""
    done = fab(inventory, "ready")
    assert (done.returncode, done.stdout.count("→")) == (10, 3), done.stdout
    assert done.stdout.splitlines()[-1].startswith("error: production is not known")


def test_a_metrics_file_that_nobody_would_read_is_wrong_usage(inventory: Path) -> None:
    """The collector takes *.prom alone; said before anybody is asked."""
    assert fab(inventory, "ready", "--metrics=/tmp/hummii.txt").returncode == 2


def test_a_changed_host_key_is_red(inventory: Path) -> None:
    """Nothing was sent there; a host that is away is only not known."""
    environment = load(inventory).choose("production")
    changed = HostKeyError("the key of prod-1 is not the one on record", remedy="ask who runs it")
    away = Unreachable("prod-1 does not answer", remedy="try again")
    said = [host_lines(environment, environment.hosts[0], error)[1] for error in (changed, away)]
    assert [(line.look.name, line.look.verdict) for (line,) in said] == [("host-key", "fail"), ("link", "error")]
