"""fab ready: green on a production that could be brought back, and each way in which it could not is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab_operator import Operator
from lab_production import PROJECT, Production

pytestmark = pytest.mark.lab

FOLDER = f"{PROJECT}/backups/database"
# A small disk under the project, in memory; the host's other disks stay as they are.
SMALL = """
mkdir -p /tmp/small; mount -t tmpfs -o size=300m tmpfs /tmp/small; cp -a "$1/." /tmp/small/
mount --bind /tmp/small "$1"; fallocate -l 150m "$1/core"
"""


def looked(operator: Operator, exit_code: int, *words: str) -> dict[str, Any]:
    """The lines that are not green, by name."""
    lines = operator.fab("ready", *words).ended(exit_code).document["lines"]
    assert all(bool(one["todo"]) == (one["verdict"] not in ("pass", "skipped")) for one in lines)
    return {one["name"]: one for one in lines if one["verdict"] not in ("pass", "skipped")}


def proven(production: Production, operator: Operator) -> None:
    """1.0, verified, recorded, with a backup of its database; then 1.2 was deployed."""
    operator.fab("verify").ended(0)
    operator.fab("snapshot", "--reason=before 1.2").ended(0)
    operator.fab("backup-db", "--reason=before 1.2").ended(0)
    production.deploy("1.2")
    # the deploy leaves a plain dump of its own, and it would be the newest
    production.sh(f"rm {FOLDER}/*[0-9].dump")


def test_what_would_stop_a_rollback_is_found(
    fresh: Production, laptop: Callable[..., Operator], tmp_path: Path
) -> None:
    """Green at first, and nothing is changed by looking; then each fault by its own line, and a way to mend it."""
    operator = laptop()
    proven(fresh, operator)
    before, file = fresh.fingerprint(), tmp_path / "hummii.prom"
    assert looked(operator, 0, f"--metrics={file}") == {}
    assert fresh.fingerprint() == before
    assert 'hummii_ops_ready_status{environment="lab"} 0\n' in file.read_text()

    secret = fresh.sh(f"grep ^POSTGRES_PASSWORD= {PROJECT}/.env").strip()
    fresh.sh(f"sed -i /^POSTGRES_PASSWORD=/d {PROJECT}/.env")
    assert set(looked(operator, 7)) >= {"files", "env"}
    fresh.sh(f'echo "$1" >> {PROJECT}/.env', secret)

    (dump,) = fresh.sh(f"ls {FOLDER}/*.dump").split()
    fresh.sh('cp -a "$1" /tmp/whole; truncate -s -200 "$1"', dump)
    found = looked(operator, 7)
    assert set(found) == {f"backup.{Path(dump).name}", "backup-age"}
    fresh.sh('cp -a /tmp/whole "$1"', dump)
    old = re.sub(r"\d{8}_", "20250101_", dump)
    fresh.sh('for end in "" .sha256 .manifest; do mv "$1$end" "$2$end"; done', dump, old)
    assert "the limit is" in looked(operator, 7)["backup-age"]["reason"]

    fresh.sh(SMALL, PROJECT)
    try:
        assert "would be refused" in looked(operator, 7)[f"disk.{PROJECT}"]["reason"]
    finally:
        fresh.sh(f"umount {PROJECT}; umount /tmp/small")

    stranger = laptop("stranger", f"known_hosts: [{tmp_path}/known_hosts]")
    key = re.search(r"\[127\.0\.0\.1\]:\d+", fresh.lab.known_hosts.read_text())
    assert key
    (tmp_path / "known_hosts").write_text(f"{key[0]} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{'A' * 43}\n")
    assert set(looked(stranger, 7)) == {"host-key"}

    fresh.sh("docker rmi -f $(docker images -q hummii-api:1.0)")
    found = looked(operator, 7)
    assert {name.partition(".")[0] for name in found} == {"target", "release", "backup-age"}
    assert all("is not on the host" in one["reason"] for name, one in found.items() if name.startswith("release."))
