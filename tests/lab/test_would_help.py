"""Would a rollback help? Rows of the decision table, each made to be true on a real host, and found there.

One production for all of them: 1.0, kept with a snapshot while customers came, then a release that only logs more.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lab_beside import in_the_background
from lab_customer import Shopper, arrived
from lab_database import sql
from lab_operator import Operator, until
from lab_production import FILE, PROJECT, SECRETS, Production, say

from lab import payments, stack
from lab.state import Lab

pytestmark = pytest.mark.lab

KEYS = 'health: {path: /api/health, inside: "http://127.0.0.1/api/health", settle_s: 0}'
QUIETLY = ("diagnose", "--no-flows")
DEPLOY = f"""cd {PROJECT}; mkdir -p backups; cp {FILE} backups/{FILE}.backup-$(date +%Y%m%d_%H%M%S); sed -i "$1" {FILE}
docker compose -f {FILE} up -d --no-deps api 2>&1"""
# The proxy serves thirty lists of orders in a second, one after another; of a group, the last one waits longest.
RATE = """map $uri $shop { /api/orders all; default ""; }
limit_req_zone $shop zone=shop:1m rate=30r/s;
limit_req zone=shop burst=1000;
"""
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND now() - query_start > interval '5 s'"
HELD = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
ENDS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'psql' AND state = 'active' "
ENDS += "AND pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def asker(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    env = dict(line.split("=", 1) for line in lab.production_env().splitlines())
    folder: Path = tmp_path_factory.mktemp("asker")
    return Operator(folder / "laptop", lab.environment_file, [env[name] for name in SECRETS], KEYS)


@pytest.fixture(scope="module")
def released(production: Production, asker: Operator) -> Production:
    """1.0 is marked good, its baseline is kept with customers there, and payments; then comes another release."""
    stack.reset(production.lab, say=say, ask=lambda _question: True)  # what earlier tests did is not to be compared
    conf = f"{PROJECT}/nginx/default.conf"
    production.sh(f'cd {PROJECT}; {{ printf "%s" "$1"; cat {conf}; }} >/tmp/conf; cat /tmp/conf >{conf}', RATE)
    production.sh(f"cd {PROJECT}; docker compose -f {FILE} restart -t 2 nginx 2>&1")
    until(lambda: production.serves("1.0"), what="the proxy serves")
    pay(arrived(production.host.url), 40)
    with customers(production, in_groups_of=5):
        asker.fab("snapshot", "--reason=before").ended(0)
    asker.fab("mark", "--good", "--reason=it serves").ended(0)
    release(production, "s/LOG_LEVEL: .*/LOG_LEVEL: debug/")
    until(lambda: production.serves("1.0"), what="the other release serves")
    return production


def release(production: Production, edit: str) -> None:
    """A deploy of the same image with an edited compose file."""
    production.sh(DEPLOY, edit, user="deploy")


def pay(shopper: Shopper, times: int) -> None:
    _, order = shopper.order()
    with ThreadPoolExecutor(10) as threads:
        assert {status for status, _ in threads.map(lambda _: shopper.pay(order), range(times))} == {201}


@contextmanager
def customers(production: Production, *, in_groups_of: int) -> Iterator[None]:
    """So many ask for their orders twice in a second, whatever comes back, from 8 s before the block to its end."""
    ends = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(f"{production.host.url}/api/orders", headers={"User-Agent": "a customer"})
        try:
            urllib.request.urlopen(request, timeout=30).close()
        except OSError:  # 401, which is an answer
            return

    def keep_asking() -> None:
        began, number = time.monotonic(), 0
        while not ends.wait(max(began + number / 2 - time.monotonic(), 0)):
            for _ in range(in_groups_of):
                threading.Thread(target=ask, daemon=True).start()
            number += 1

    thread = threading.Thread(target=keep_asking)
    thread.start()
    try:
        assert not ends.wait(8)
        yield
    finally:
        ends.set()
        thread.join()


def told(operator: Operator, *words: str) -> tuple[Any, dict[int, Any]]:
    """What the table says of the host, and each row by its number."""
    (host,) = operator.fab(*words).ended(0).document["hosts"]
    return host, {one["row"]: one for one in host["rows"]}


def test_more_customers(released: Production, asker: Operator) -> None:
    """Row 3: twice as many as before wait for the proxy, and each costs what it did: no."""
    with customers(released, in_groups_of=10):
        host, rows = told(asker, *QUIETLY)
    assert (rows[3]["matched"], rows[3]["code"]) == (True, "more-load"), rows[3]["evidence"] + rows[12]["evidence"]
    assert (host["helps"], host["row"]) == ("no", 3)


def test_a_lock_that_somebody_holds(released: Production, asker: Operator) -> None:
    """Row 5: a person's psql holds the table that an order needs: no, and it is said who."""
    shopper = arrived(released.host.url)
    psql = "docker exec -i hummii-postgres-1 psql -U hummii hummii"
    held = f"echo 'BEGIN; LOCK TABLE orders; SELECT pg_sleep(90)' | {psql}"
    with customers(released, in_groups_of=5), in_the_background(released, held), ThreadPoolExecutor(1) as threads:
        try:
            until(lambda: sql(released, HELD).strip() == "1", what="the lock is held")
            ordering = threads.submit(shopper.order)
            until(lambda: sql(released, WAITS).strip() != "0", what="an order waits", limit_s=30)
            host, rows = told(asker, *QUIETLY)
        finally:
            sql(released, ENDS)
        assert ordering.result()[0] == 201
    assert (rows[5]["matched"], rows[5]["code"], host["helps"]) == (True, "database", "no"), rows
    assert "1 blocked" in rows[5]["evidence"]
    assert "psql" in rows[5]["evidence"]


def test_somebody_elses_work(released: Production, asker: Operator) -> None:
    """Row 4: CPU is eaten beside the stack: no, mend the host."""
    eats = "while :; do :; done"
    with in_the_background(released, eats), in_the_background(released, eats), customers(released, in_groups_of=5):
        until(lambda: cpu_pressure(released) > 40, what="the kernel tells of it", limit_s=60)
        host, rows = told(asker, *QUIETLY)
    assert (rows[4]["matched"], rows[4]["code"], host["helps"]) == (True, "host", "no"), rows


def cpu_pressure(production: Production) -> float:
    return float(production.sh("sed -n 's/^some avg10=\\([0-9.]*\\) .*/\\1/p' /proc/pressure/cpu"))


def test_a_slow_payment_service(released: Production, asker: Operator) -> None:
    """Row 7: customers who pay wait for it, and our own part is as quick as it was: no."""
    shopper = arrived(released.host.url)
    payments.slow(released.lab, 1.5)
    try:
        pay(shopper, 60)
        host, rows = told(asker, *QUIETLY)
    finally:
        payments.quick(released.lab)
    assert (rows[7]["matched"], rows[7]["code"], host["helps"]) == (True, "dependency", "no"), rows
    assert "payments" in rows[7]["evidence"]


def test_the_releases_own_query(released: Production, asker: Operator) -> None:
    """Row 6: 1.3 asks for the orders in another way, which no index serves: yes, though only our flows were there."""
    released.deploy("1.3")
    until(lambda: released.serves("1.3"), what="1.3 serves")
    host, rows = told(asker, "diagnose")
    assert (host["helps"], host["row"], rows[6]["code"]) == ("yes", 6, "release-queries"), host["rows"]
    assert "new statements" in rows[6]["evidence"]
    assert host["next_command"] == "fab rollback --latest"


def test_a_crash_loop(released: Production, asker: Operator) -> None:
    """Row 2: the new api never stays up, and 1.0 was good: yes, without a sample."""
    release(released, 's/^  api:$/&\\n    entrypoint: ["sh", "-c", "exit 3"]/')
    again = "docker inspect -f '{{.RestartCount}}' hummii-api-1 | grep -q '^[3-9]'"
    until(lambda: released.holds(again), what="it starts again and again")
    host, rows = told(asker, *QUIETLY)
    assert (host["helps"], host["row"], rows[2]["code"]) == ("yes", 2, "down-since-release"), host["rows"]
