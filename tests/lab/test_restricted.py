"""A key that can do no more than a rollback needs: the product works with it, and with nothing else of the host."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from lab_operator import Operator
from lab_production import PROJECT, Production

pytestmark = pytest.mark.lab

QUICK = "health: {path: /api/health, inside: 'http://127.0.0.1/api/health', settle_s: 1}"


def test_a_rollback_and_its_undo_with_a_restricted_key(fresh: Production, laptop: Callable[..., Operator]) -> None:
    """install-host --restricted with my key; then status, rollback, verify, runs --verify and undo with CI's."""
    mine = laptop("mine", QUICK)
    key = mine.folder / "ci_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    fresh.deploy("1.1")
    try:
        for _ in range(2):  # again changes nothing
            mine.fab("install-host", "--yes", "--restricted", f"--key={key}.pub").ended(0)
        lines = fresh.sh("cat ~deploy/.ssh/authorized_keys").splitlines()
        assert [line for line in lines if "restrict,command=" in line] == lines[-1:]

        user, port = "deploy", fresh.host.ssh_port
        host = {"name": fresh.host.name, "address": "127.0.0.1", "port": port, "user": user, "url": fresh.host.url}
        ci = laptop("ci", f"{QUICK}\nhosts: [{json.dumps(host | {'identity_file': str(key)})}]")

        assert ci.fab("status").ended(0).document["hosts"]
        ran = ci.fab("rollback", "--latest", "--yes", "--settle=1", "--reason=it's $(id)").ended(0).document
        assert fresh.serves("1.0")
        assert ran["hosts"][0]["journal_sha256"]
        assert ci.fab("verify").exit_code in (0, 7, 10)  # it could look; the lab is busy
        assert "restricted" not in ci.fab("verify", "--format=text").everything
        compared = ci.fab("runs", "--verify").ended(0).document["runs"]
        assert [one["journal"] for one in compared if one["run_id"] == ran["run_id"]] == ["same"]
        ci.fab("undo", "--yes", "--reason=back again").ended(0)
        assert not fresh.serves("1.0")

        refused = ci.fab("snapshot", "--reason=x")
        assert refused.exit_code == 3
        assert "restricted" in refused.document["error"]
        again = ci.fab("install-host", "--yes")
        assert again.exit_code == 3

        fresh.sh(f"echo >> {PROJECT}/.hummii-ops/runs/{ran['run_id']}/journal.jsonl")
        assert ci.fab("runs", "--verify").ended(7).document["verdict"] == "fail"
    finally:
        fresh.sh("sed -i '/restrict,command=/d' ~deploy/.ssh/authorized_keys")
