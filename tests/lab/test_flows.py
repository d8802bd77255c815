"""User flows on a real production: what is broken alone fails alone, bad releases are found, nothing stays behind."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from lab_database import sql
from lab_operator import Operator, Said, Working, until
from lab_production import Production
from lab_relay import Relay

from lab import breakage, stack

pytestmark = pytest.mark.lab

FIVE = ("chat", "login", "order", "payment", "registration")
EVERY = 8  # of some 80 pieces that a whole run sends; flows side by side are each at another step then
LEFT = """
SELECT (SELECT count(*) FROM users WHERE email LIKE 'ops+%') + (SELECT count(*) FROM orders WHERE item LIKE 'ops %')
     + (SELECT count(*) FROM messages WHERE text LIKE 'ops %')
"""


@pytest.fixture(scope="module")
def shop(production: Production) -> Iterator[Production]:
    """1.0, new with its logs, and whatever the tests make of it; then as new again, for 1.4 leaves a migration."""
    stack.reset(production.lab, say=print, ask=lambda _question: True)
    until(lambda: "(health: starting)" not in production.sh("docker ps"), what="docker's own word")
    yield production
    stack.reset(production.lab, say=print, ask=lambda _question: True)


def nothing_left(shop: Production) -> bool:
    return sql(shop, LEFT).strip() == "0"


def said_of(said: Said) -> dict[str, tuple[str, str]]:
    """Name → verdict and reason of each flow and speed."""
    measurements: list[dict[str, Any]] = said.document["measurements"]
    return {
        one["name"]: (one["verdict"], one["reason"])
        for one in measurements
        if one["name"].startswith(("flow.", "speed."))
    }


def failed(said: Said) -> set[str]:
    """What breaks the verdict."""
    return {one["name"] for one in said.document["measurements"] if one["verdict"] == "fail" and one["critical"]}


def test_release_1_0_passes_and_keeps_nothing(shop: Production, operator: Operator) -> None:
    """All five flows and the speed, in verify beside its other looks; no test data stays, no password is shown.

    Each look, of whatever kind, bears all that it was judged by.
    """
    said = operator.fab("verify", "--settle=0").ended(0)
    assert (said.document["verdict"], said.document["exit_code"]) == ("pass", 0)
    keys = {"name", "verdict", "value", "unit", "limit", "n", "window", "source", "reason"}
    assert [one for one in said.document["measurements"] if not keys <= one.keys()] == []
    found = said_of(said)
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        **{f"flow.{name}": "pass" for name in FIVE},
        "speed.order.list-orders": "pass",
    }
    assert nothing_left(shop)


@pytest.mark.parametrize(
    ("broken", "fails", "step"),
    [
        ("registration", "registration", "register"),
        ("token", "login", "token-works"),
        ("order", "order", "create-order"),
        ("chat", "chat", "ben-receives"),
        ("payment", "payment", "pay"),
    ],
)
def test_what_is_broken_fails_alone(
    shop: Production, operator: Operator, broken: breakage.Flow, fails: str, step: str
) -> None:
    """7, with exactly that flow and that step; when it is mended, clean finds nothing that stays."""
    breakage.break_flow(shop.lab, shop.host, broken)
    try:
        flows = operator.fab("flows.run").ended(7).document["hosts"][0]["flows"]
    finally:
        breakage.mend(shop.lab, shop.host)
    assert [(one["name"], one["step"]) for one in flows if one["verdict"] == "fail"] == [(fails, step)]
    operator.fab("flows.clean").ended(0)
    assert nothing_left(shop)


def relayed(shop: Production, operator: Operator, relay: Relay) -> None:
    """From now on the operator's customers go by way of the relay."""
    text = shop.lab.environment_file.read_text().replace(shop.host.url, f"http://127.0.0.1:{relay.port}")
    (operator.folder / "relayed.yml").write_text(text)
    operator.inventory.write_text("environments:\n  lab: {include: relayed.yml}\n")


def test_ctrl_c_at_every_step_leaves_nothing(shop: Production, operator: Operator) -> None:
    """All flows side by side, stopped while this or that request is on its way: 130, and the database is as it was."""
    working: list[Working] = []
    struck = at = 0

    def strike(number: int) -> None:
        nonlocal struck
        if number == at:
            struck = at
            working[-1].process.send_signal(signal.SIGINT)

    whole = Relay(shop.host.url_port, strike)
    relayed(shop, operator, whole)
    with whole.forwarding():
        operator.fab("flows.run").ended(0)
    assert whole.passed > 60, "the relay was not asked"
    for at in range(2, whole.passed, EVERY):
        relay = Relay(shop.host.url_port, strike)
        relayed(shop, operator, relay)
        with relay.forwarding():
            working.append(operator.start("flows.run"))
            said = working[-1].end()
        assert said.exit_code == (130 if struck == at else 0), f"at {at}: {said.everything}"
        assert nothing_left(shop), f"at {at}: {said.everything}"


def test_an_api_that_is_down_is_told_in_its_own_place(shop: Production, operator: Operator) -> None:
    """verify fails for services and health; no flow fails, and none is begun."""
    shop.sh('docker stop -t 1 "$(docker ps -q --filter label=com.docker.compose.service=api)"')
    said = operator.fab("verify", "--settle=0").ended(7)
    assert set(said_of(said).values()) == {("inconclusive", "api is down")}
    shop.rewind()
    assert nothing_left(shop)


def test_release_1_1_is_found_by_its_health(shop: Production, operator: Operator) -> None:
    """Its container and its health fail, from inside and outside; what asks the api is told as "api is down"."""
    shop.rewind()
    shop.deploy("1.1")
    until(lambda: "(unhealthy)" in shop.sh("docker ps"), what="docker's own word")
    said = operator.fab("verify", "--settle=0").ended(7)
    assert failed(said) == {"service.api", "health.host", "health.outside"}
    assert set(said_of(said).values()) == {("inconclusive", "api is down")}


@pytest.mark.parametrize(
    ("version", "fails"), [("1.2", "flow.order"), ("1.3", "speed.order.list-orders"), ("1.4", "flow.order")]
)
def test_bad_releases_are_found(shop: Production, operator: Operator, version: str, fails: str) -> None:
    """Each by verify, in its right place and there alone: lost orders, a slow list, no order at all.

    The list of 1.3 is still right.
    """
    shop.deploy(version)
    until(lambda: shop.serves(version), what=f"{version} serves")
    said = operator.fab("verify", "--settle=0").ended(7)
    assert failed(said) == {fails}
    assert [one["n"] >= 20 for one in said.document["measurements"] if one["name"] == "flow.order"] == [True]
    assert [name for name, (verdict, _) in said_of(said).items() if verdict == "fail"] == [fails]
    assert nothing_left(shop)
