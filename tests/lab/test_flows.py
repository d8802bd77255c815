"""User flows on a real production: what is broken alone fails alone, bad releases are found, nothing stays behind."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from lab_database import sql
from lab_operator import Operator, Said, until
from lab_production import Production

from lab import breakage, stack

pytestmark = pytest.mark.lab

FIVE = ("chat", "login", "order", "payment", "registration")
LEFT = """
SELECT (SELECT count(*) FROM users WHERE email LIKE 'ops+%') + (SELECT count(*) FROM orders WHERE item LIKE 'ops %')
     + (SELECT count(*) FROM messages WHERE text LIKE 'ops %')
"""


@pytest.fixture(scope="module")
def shop(production: Production) -> Iterator[Production]:
    """1.0, and whatever the tests make of it; then production as new, for 1.4 leaves a migration."""
    production.rewind()
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


def test_release_1_0_passes_and_keeps_nothing(shop: Production, operator: Operator) -> None:
    """All five flows and the speed, in verify beside its other looks; no test data stays, no password is shown."""
    found = said_of(operator.fab("verify", "--settle=0").ended(0))
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


def test_ctrl_c_cleans_up(shop: Production, operator: Operator) -> None:
    """In the middle of a run, with users and orders there: 130, and they are gone."""
    working = operator.start("flows.run")
    until(lambda: not nothing_left(shop), what="the flows have made something")
    working.process.send_signal(signal.SIGINT)
    said = working.end()
    assert said.exit_code in (130, 0), said.everything  # 0: they were quicker
    assert nothing_left(shop)


def test_an_api_that_is_down_is_told_in_its_own_place(shop: Production, operator: Operator) -> None:
    """verify fails for services and health; no flow fails, and none is begun."""
    shop.sh('docker stop -t 1 "$(docker ps -q --filter label=com.docker.compose.service=api)"')
    said = operator.fab("verify", "--settle=0").ended(7)
    assert set(said_of(said).values()) == {("inconclusive", "api is down")}
    shop.rewind()
    assert nothing_left(shop)


@pytest.mark.parametrize(
    ("version", "fails"), [("1.2", "flow.order"), ("1.3", "speed.order.list-orders"), ("1.4", "flow.order")]
)
def test_bad_releases_are_found(shop: Production, operator: Operator, version: str, fails: str) -> None:
    """Each by verify, in its right place: lost orders, a slow list, no order at all; the list of 1.3 is still right."""
    shop.deploy(version)
    found = said_of(operator.fab("verify", "--settle=0").ended(7))
    assert [name for name, (verdict, _) in found.items() if verdict == "fail"] == [fails], found
    assert nothing_left(shop)
