"""What is measured of a production at work: exactly the requests that were sent, who holds a lock, whose CPU it is."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing

import pytest
from lab_beside import in_the_background
from lab_database import sql
from lab_operator import Operator, until
from lab_production import FILE, PROJECT, Production

from hummii_ops.checks import Measurement, worst
from hummii_ops.checks.compared import performance
from hummii_ops.inventory import load
from hummii_ops.tasks.call import session

pytestmark = pytest.mark.lab

KEYS = """limits: {blocked_s: 1, least_requests: 10}
health: {path: /api/health, inside: "http://127.0.0.1/api/health", settle_s: 0}"""
ROTATES = 'services: {nginx: {logging: {driver: json-file, options: {max-size: "8k", max-file: "9"}}}}'
ORDERS = "/api/orders"


@pytest.fixture
def seen(laptop: Callable[..., Operator]) -> Callable[[], dict[str, Measurement]]:
    """Measures the host over SSH, as a verify does; the measurements by name."""
    environment = load(laptop("load", KEYS).inventory).choose("lab")

    def measured() -> dict[str, Measurement]:
        (site,) = session.reach(environment)
        with closing(site.transport):
            found = performance.measure(site.transport, site.snapshot(), environment, site.host)
        named = {one.name: one for one in found}
        assert len(named) == len(found)
        return named

    return measured


def ask(production: Production, times: int, path: str = ORDERS) -> int:
    """Ask the public URL so many times; how many 5xx came."""
    failed = 0
    for _ in range(times):
        try:
            with urllib.request.urlopen(f"{production.host.url}{path}", timeout=5) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            failed += error.code >= 500
    return failed


def test_a_healthy_stack_and_its_baseline(
    fresh: Production, operator: Operator, seen: Callable[[], dict[str, Measurement]]
) -> None:
    """Nothing breaks the verdict; a snapshot keeps how it performs, and the next release is compared with that."""
    fresh.sh(f"rm -rf {PROJECT}/.hummii-ops/baselines")
    found = seen()
    critical = {name: one.verdict for name, one in found.items() if one.critical}
    assert set(critical.values()) <= {"pass", "skipped"}, {name: found[name] for name in critical}
    assert worst(found.values()) == "pass"
    assert {"disk.project", "oom", "response.host/api/health", "database.blocked", "requests.errors"} <= set(critical)
    assert found["before"].verdict == "skipped"

    (kept,) = operator.fab("snapshot", "--reason=before").ended(0).document["restore_points"]
    assert kept["baseline"] is True
    text = fresh.sh('cat "$1"', f"{PROJECT}/.hummii-ops/baselines/{kept['identity']}")
    assert len(json.loads(text)["responses"]["/api/health"]) >= 30

    fresh.deploy("1.2")  # another release, whose health is well, and whose migration only adds
    until(lambda: fresh.serves("1.2"), what="1.2 serves")
    after = seen()
    assert "against 1.0 of" in after["before.response/api/health"].reason
    assert not after["before.response/api/health"].critical


def test_every_request_is_counted_once(fresh: Production, seen: Callable[[], dict[str, Measurement]]) -> None:
    """Through a log that docker rotates, and a proxy that starts again; what failed is what customers saw fail."""
    up = f"cd {PROJECT}; docker compose -f {FILE} -f /tmp/rotates.yml up -d --no-deps nginx 2>&1"
    fresh.sh(f"printf '%s' '{ROTATES}' >/tmp/rotates.yml; {up}")
    until(lambda: fresh.serves("1.0"), what="the new nginx serves")
    assert ask(fresh, 120) == 0
    assert (
        int(fresh.sh("ls /var/lib/docker/containers/$(docker ps -q --no-trunc -f name=nginx) | grep -c json.log")) > 1
    )
    fresh.sh("docker restart -t 2 $(docker ps -q -f label=com.docker.compose.service=nginx)")
    until(lambda: fresh.serves("1.0"), what="nginx serves again")
    assert ask(fresh, 30) == 0
    errors = seen()["requests.errors"]
    assert (errors.samples, errors.value, errors.verdict) == (150, 0, "pass")

    api = fresh.containers()["api"]
    fresh.sh("docker stop -t 2 $1", api)
    failed = ask(fresh, 15)
    fresh.sh("docker start $1", api)
    until(lambda: fresh.serves("1.0"), what="the api serves again")
    assert failed == 15
    # the release begins anew with its api: what failed while it was away is not of it
    again = seen()["requests.errors"]
    assert again.samples in (None, 0)


def test_a_lock_that_is_held(fresh: Production, seen: Callable[[], dict[str, Measurement]]) -> None:
    """Who waits and who holds what they wait for; and well again when it is let go."""
    psql = "docker exec -i -e PGAPPNAME={} hummii-postgres-1 psql -X -qAt -U hummii -d hummii"
    held = f"echo 'BEGIN; LOCK TABLE orders; SELECT pg_sleep(30);' | {psql.format('night-job')}"
    waits = f"sleep 1; echo 'SELECT count(*) FROM orders' | {psql.format('report')}"
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    try:
        with in_the_background(fresh, held), in_the_background(fresh, waits):
            until(lambda: sql(fresh, waiting).strip() == "1", what="somebody waits", limit_s=20)
            found = seen()
    finally:
        sql(fresh, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'night-job'")
    blocked = found["database.blocked"]
    assert (blocked.verdict, blocked.samples, blocked.critical) == ("fail", 1, True)
    assert "night-job" in blocked.reason
    assert worst(found.values()) == "fail"
    assert seen()["database.blocked"].verdict == "pass"


def test_somebody_elses_work(fresh: Production, seen: Callable[[], dict[str, Measurement]]) -> None:
    """CPU that is eaten beside the stack is told from the stack's own, and does not break the verdict."""
    with in_the_background(fresh, "while :; do :; done"), in_the_background(fresh, "while :; do :; done"):
        found = seen()
    others = found["host.others"]
    assert others.value is not None
    assert float(others.value) > 50
    assert not others.critical
    assert all(one.verdict == "pass" for name, one in found.items() if name.startswith("cpu."))
