"""Not needing a rollback: ready for one, a deploy looked at, and watched under load."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lab_customer import arrived
from lab_database import OURS, sql
from lab_operator import CHECKOUT, Operator, until
from lab_production import FILE, PROJECT, Production

pytestmark = pytest.mark.lab

SHA = "a" * 40
GATES = "limits: {response_p95_ms: 5000}\npredeploy: {gates: [ready]}"
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


def gate(operator: Operator, name: str, exit_code: int, *words: str) -> dict[str, Any]:
    """What fab predeploy says of one gate."""
    gates = operator.fab("predeploy", *words or (f"--sha={SHA}",)).ended(exit_code).document["gates"]
    found: dict[str, Any] = next(one for one in gates if one["name"] == name)
    return found


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

    gated = laptop("gated", GATES)
    assert gate(gated, "ready", 0)["verdict"] == "pass"
    lines = operator.fab("ready", "--restore").ended(0).document["lines"]
    (drill,) = (one["reason"] for one in lines if one["name"] == "restore")
    assert "was restored, proven, and dropped again" in drill
    assert sql(fresh, OURS, "postgres").strip() == ""

    secret = fresh.sh(f"grep ^POSTGRES_PASSWORD= {PROJECT}/.env").strip()
    fresh.sh(f"sed -i /^POSTGRES_PASSWORD=/d {PROJECT}/.env")
    assert set(looked(operator, 7)) >= {"files", "env"}
    fresh.sh(f'echo "$1" >> {PROJECT}/.env', secret)

    (dump,) = fresh.sh(f"ls {FOLDER}/*.dump").split()
    fresh.sh('cp -a "$1" /tmp/whole; truncate -s -200 "$1"', dump)
    found = looked(operator, 7)
    assert set(found) == {f"backup.{Path(dump).name}", "backup-age"}
    assert gate(gated, "ready", 7)["verdict"] == "fail"
    assert {"restore", "backup-age"} <= set(looked(operator, 7, "--restore"))
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


def test_staging_is_evidence_of_what_ran_there(fresh: Production, laptop: Callable[..., Operator]) -> None:
    """Of that commit and those images, while it was well; the file is of the published form."""
    operator = laptop("staging", GATES.replace("ready", "staging"))
    file = operator.folder / "staging-evidence.json"
    made = operator.fab("staging-evidence", f"--sha={SHA}").ended(0).document
    assert json.loads(file.read_text()) == made["evidence"]
    jsonschema.validate(
        made["evidence"], json.loads((CHECKOUT / "docs/schemas/staging-evidence.schema.json").read_text())
    )

    def why(exit_code: int, sha: str, image: str) -> str:
        given = (f"--sha={sha}", f"--image={image}", f"--staging={file}")
        return str(gate(operator, "staging", exit_code, *given)["reason"])

    ran = fresh.image("hummii-api:1.0")
    assert "it was well there: lab" in why(0, SHA, ran)
    assert "another commit" in why(7, "b" * 40, ran)
    assert "did not run on staging" in why(7, SHA, fresh.image("hummii-api:1.2"))
    fresh.deploy("1.1")
    operator.fab("staging-evidence", f"--sha={SHA}").ended(7)
    assert "staging was not well" in why(7, SHA, fresh.image("hummii-api:1.1"))


# How fast this machine is today is no matter here: what fails is.
KEYS = """limits: {least_requests: 20, response_p95_ms: 60000, request_p95_ms: 60000}
health: {path: /api/health, inside: "http://127.0.0.1/api/health", settle_s: 1}
watch: {rollback: auto, confirm: 2, settle_s: 3}"""


@contextmanager
def customers(production: Production) -> Iterator[None]:
    """Someone orders all the time, whatever they get."""
    over, shopper = threading.Event(), arrived(production.host.url)

    def order() -> None:
        while not over.wait(0.1):
            try:
                shopper.order()
            except (OSError, ValueError):  # nobody answers while the api is made anew
                continue

    thread = threading.Thread(target=order)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_bad_deploy_is_taken_back_once(fresh: Production, laptop: Callable[..., Operator]) -> None:
    """1.0 under load is left alone; of 1.2 three orders in ten fail: it goes back by itself, and not a second time."""
    operator = laptop("watch", KEYS)
    operator.fab("mark", "--good", "--reason=it served for weeks").ended(0)
    with customers(fresh):
        alone = operator.fab("watch", "--for=30s", "--every=2").ended(0).document
        assert (alone["end"], alone["ill"], alone["run_id"], fresh.run_ids()) == ("well", 0, None, [])
        operator.fab("snapshot", "--reason=before 1.2").ended(0)  # how it performs is kept with it

        fresh.deploy("1.2")
        until(lambda: fresh.serves("1.2"), what="1.2 serves")
        back = operator.fab("watch", "--for=200s", "--every=2").ended(5).document
        assert (back["end"], back["verdict"], fresh.state(back["run_id"])) == ("rolled-back", "restored", "done")
        assert fresh.serves("1.0")

        fresh.deploy("1.2")
        until(lambda: fresh.serves("1.2"), what="1.2 serves again")
        called = operator.fab("watch", "--for=75s", "--every=2").ended(7).document
        assert (called["end"], called["run_id"]) == ("needs-a-person", None)
        assert "never twice by itself" in called["called_for"]
        assert fresh.serves("1.2")


def test_a_port_that_is_open_to_all_is_found(fresh: Production, laptop: Callable[..., Operator]) -> None:
    """Only the proxy's may be; a database that was opened "for a moment" fails what was just deployed."""
    operator = laptop("postdeploy", KEYS)
    well = operator.fab("postdeploy").ended(0).document
    found = {one["name"]: one for one in well["measurements"]}
    assert {found[f"exposed.{name}"]["verdict"] for name in ("nginx", "api", "postgres", "redis")} == {"pass"}
    assert (found["exposed.nginx"]["value"], found["exposed.postgres"]["value"]) == (1, 0)
    assert (found["header.referrer-policy"]["verdict"], found["tls"]["verdict"]) == ("fail", "skipped")
    fresh.sh(
        f"""cd {PROJECT}; sed -i 's|    image: hummii-redis:7|&\\n    ports: ["6379:6379"]|' {FILE}
        docker compose -f {FILE} up -d --no-deps redis 2>&1"""
    )
    ill = operator.fab("postdeploy", f"--sha={'a' * 40}").ended(7).document
    found = {one["name"]: one for one in ill["measurements"]}
    assert "past the firewall" in found["exposed.redis"]["reason"]
    assert found["image.revision"]["verdict"] == "inconclusive"
    fresh.sh(f"cd {PROJECT}; sed -i '/6379:6379/d' {FILE}; docker compose -f {FILE} up -d --no-deps redis 2>&1")
