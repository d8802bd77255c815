"""The lab's own shop, as its customers see it: what others build on, and what can be broken in it on purpose."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import socketio
from lab_customer import Shopper, arrived, chatting
from lab_database import sql
from lab_operator import until
from lab_production import PROJECT, Production, say

from lab import breakage, container, golden, payments, stack
from lab.breakage import FLOWS, Flow
from lab.docker import docker

pytestmark = pytest.mark.lab

ROWS = " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in ("users", "orders", "messages", "payments"))
PROXY = f"{PROJECT}/nginx/default.conf"
LIMIT_S = 5.0
"""How long the shop waits for its payment service."""


@pytest.fixture
def shop(fresh: Production) -> Iterator[Production]:
    """Release 1.0, with a payment service that is quick, and no flow broken."""
    breakage.mend(fresh.lab, fresh.host)
    payments.quick(fresh.lab)
    yield fresh
    breakage.mend(fresh.lab, fresh.host)
    payments.quick(fresh.lab)


@contextmanager
def proxied(production: Production, name: str) -> Iterator[None]:
    """nginx with one of the lab's configurations; afterwards with the one from before."""
    before = production.file("nginx/default.conf") + "\n"

    def put(text: str) -> None:
        container.inside(production.name, "sh", "-c", f"cat > {PROXY}", user="deploy", stdin=text)
        production.sh('docker restart -t 2 "$1"', production.containers()["nginx"])
        until(lambda: production.serves("1.0"), what="nginx serves again")

    put((golden.PRODUCTION / "nginx" / f"{name}.conf").read_text())
    try:
        yield
    finally:
        put(before)


def test_a_customer_leaves_nothing_behind(shop: Production) -> None:
    """DELETE /api/me takes a customer away with their payments, messages and orders, and nobody else's."""
    before = sql(shop, ROWS)
    shopper = arrived(shop.host.url)
    _, order = shopper.order()
    assert shopper.send("POST", "messages", {"text": "where is it?"})[0] == 201
    assert shopper.pay(order)[1]["status"] == "succeeded"
    listed = shopper.send("GET", "payments")[1]["payments"]
    assert [(one["order_id"], one["amount_cents"]) for one in listed] == [(order, 250)]
    assert sql(shop, ROWS) != before
    assert Shopper(shop.host.url).send("DELETE", "me")[0] == 401
    assert shopper.send("DELETE", "me") == (204, {})
    assert sql(shop, ROWS) == before
    assert shopper.log_in() == 401


@pytest.mark.parametrize("proxy", stack.PROXIES)
def test_chat(shop: Production, proxy: str) -> None:
    """What one customer says, the others hear and the sender does not, by websocket and by polling; it is stored."""
    url = shop.host.url
    one, other = arrived(url), arrived(url)
    with proxied(shop, proxy):
        for transport in ("websocket", "polling"):
            with chatting(url, one.token, transport) as speaker, chatting(url, other.token, transport) as listener:
                said = speaker.say(f"hello by {transport}")
                heard = listener.hears(10)
                assert heard is not None
                assert (heard["id"], heard["text"]) == (said["id"], f"hello by {transport}")
                assert speaker.hears(0.3) is None
                assert "error" in speaker.say("")
        with pytest.raises(socketio.exceptions.ConnectionError), chatting(url, "not.mine"):
            pass
    stored = one.send("GET", "messages")[1]["messages"]
    assert [message["text"] for message in stored] == ["hello by polling", "hello by websocket"]


def test_payments(shop: Production) -> None:
    """A good card is charged by the service; a bad one is declined, an unknown one refused, and neither is recorded."""
    shopper = arrived(shop.host.url)
    _, order = shopper.order()
    charged, before = payments.charged(shop.lab), sql(shop, ROWS)
    assert shopper.pay(order, card="pm_card_chargeCustomerFail") == (402, {"error": "Your card was declined."})
    assert shopper.pay(order, card="pm_of_nobody")[0] == 400
    assert shopper.pay(order + 1_000_000)[0] == 404
    assert (payments.charged(shop.lab), sql(shop, ROWS)) == (charged, before)
    assert shopper.pay(order, card="pm_card_visa")[0] == 201
    assert payments.charged(shop.lab) == charged + 1


def test_a_payment_service_that_does_not_answer(shop: Production) -> None:
    """Payments fail after 5 s with 502, a slow one that answers before is waited for, and nothing else is hurt."""
    shopper = arrived(shop.host.url)
    _, order = shopper.order()
    payments.slow(shop.lab, 1)
    began = time.monotonic()
    assert shopper.pay(order)[0] == 201
    assert time.monotonic() - began >= 1
    payments.slow(shop.lab, 60)
    answers: list[tuple[float, int]] = []

    def pay() -> None:
        began = time.monotonic()
        status = shopper.pay(order)[0]
        answers.append((time.monotonic() - began, status))

    paying = [threading.Thread(target=pay) for _ in range(12)]
    for thread in paying:
        thread.start()
    assert shopper.order()[0] == 201
    assert shop.health() == (200, "1.0")
    for thread in paying:
        thread.join()
    assert {status for _, status in answers} == {502}
    assert all(LIMIT_S <= waited < 3 * LIMIT_S for waited, _ in answers), answers
    payments.quick(shop.lab)
    assert shopper.pay(order)[0] == 201


def test_release_1_3_lists_orders_slowly_and_nothing_else(shop: Production) -> None:
    """1.3: the median of five lists is 2 s or more, also for a new customer; the rest is quick, and it is healthy."""
    shopper = arrived(shop.host.url)
    shopper.order()
    assert shopper.timed("GET", "orders") < 2
    shop.deploy("1.3")
    until(lambda: shop.serves("1.3"), what="1.3 serves")
    health, over = [], threading.Event()

    def ask() -> None:
        while not over.is_set():
            health.append(shop.health()[0])
            over.wait(0.1)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        lists = [shopper.timed("GET", "orders") for _ in range(5)]
        rest = [shopper.timed("GET", "messages") for _ in range(5)]
    finally:
        over.set()
        asking.join()
    assert statistics.median(lists) >= 2, lists
    assert statistics.median(rest) < statistics.median(lists) / 4, (rest, lists)
    assert set(health) == {200}


def test_1_3_is_healthy_when_all_its_connections_are_at_lists(shop: Production) -> None:
    """Health does not wait in the line of the customers."""
    shopper = arrived(shop.host.url)
    shop.deploy("1.3")
    until(lambda: shop.serves("1.3"), what="1.3 serves")
    enough, listed = threading.Event(), []

    def lists() -> None:
        while not enough.is_set():
            listed.append(shopper.send("GET", "orders")[0])

    listing = [threading.Thread(target=lists) for _ in range(10)]
    for thread in listing:
        thread.start()
    asked = [shop.health()[0] for _ in range(5)]
    enough.set()
    for thread in listing:
        thread.join()
    assert set(asked) == {200}
    assert (set(listed), len(listed) >= len(listing)) == ({200}, True)


def outcomes(shop: Production, one: Shopper, other: Shopper) -> dict[Flow, Any]:
    """How each flow ends for customers now; `one` has an order already."""
    url = shop.host.url
    bought = one.send("GET", "orders")[1]["orders"][0]["id"]
    with chatting(url, one.token, "websocket") as speaker, chatting(url, other.token, "websocket") as listener:
        said = "id" in speaker.say("is anyone there?")
        chat = (said, listener.hears(5) is not None)
    returned = Shopper(url)
    returned.email = one.email
    returned.log_in()
    return {
        "registration": Shopper(url).register(),
        "token": returned.send("GET", "orders")[0],
        "order": one.order()[0],
        "chat": chat,
        "payment": one.pay(bought)[0],
    }


def test_each_flow_can_be_broken_alone(shop: Production) -> None:
    """At once, without a restart, and mended as quickly; all other flows go on."""
    broken: dict[Flow, Any] = {"registration": 409, "token": 401, "order": 500, "chat": (True, False), "payment": 402}
    assert set(broken) == set(FLOWS)
    shoppers = arrived(shop.host.url), arrived(shop.host.url)
    shoppers[0].order()
    well = outcomes(shop, *shoppers)
    assert well == {"registration": 201, "token": 200, "order": 201, "chat": (True, True), "payment": 201}
    running = shop.containers()
    for flow, ending in broken.items():
        breakage.break_flow(shop.lab, shop.host, flow)
        assert outcomes(shop, *shoppers) == well | {flow: ending}
        breakage.mend(shop.lab, shop.host, flow)
    assert outcomes(shop, *shoppers) == well
    assert shop.containers() == running


def test_what_can_be_measured(shop: Production) -> None:
    """nginx logs how long each request took, as JSON; PostgreSQL counts its statements."""
    shopper = arrived(shop.host.url)
    assert shopper.send("GET", "orders?page=%22one%22")[0] == 200

    def logged() -> list[dict[str, Any]]:
        lines = shop.sh('docker logs --tail 20 "$1" 2>/dev/null', shop.containers()["nginx"]).splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return [one for one in entries if (one["method"], one["path"]) == ("GET", "/api/orders")]

    until(lambda: bool(logged()), what="the request is in nginx's log")
    entry = logged()[-1]
    assert entry["status"] == 200
    assert entry["user_agent"].startswith("Python-urllib")
    assert 0 <= float(entry["upstream_response_time"]) <= entry["request_time"] + 0.01
    calls = sql(shop, "SELECT sum(calls) FROM pg_stat_statements WHERE query LIKE 'SELECT id, item%FROM orders%'")
    assert int(calls) >= 1


def test_the_payment_service_outlives_a_power_cut_and_is_new_after_a_reset(shop: Production) -> None:
    """A host that was cut off its power pays again when it is back; a reset forgets payments and slowness."""
    docker("kill", shop.name)
    docker("start", shop.name)
    until(lambda: shop.serves("1.0"), what="the host is back")
    shopper = arrived(shop.host.url)
    assert shopper.pay(shopper.order()[1])[0] == 201
    assert payments.charged(shop.lab) >= 1
    payments.slow(shop.lab, 60)
    stack.reset(shop.lab, say=say, ask=lambda _question: True)
    assert payments.charged(shop.lab) == 0
    shopper = arrived(shop.host.url)
    assert shopper.pay(shopper.order()[1])[0] == 201
