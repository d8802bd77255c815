"""The five flows against a shop that works, and against one in which one thing is broken. Nothing stays behind."""

from __future__ import annotations

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from shop_server import ShopServer

from hummii_ops.checks.flows.company import play_all
from hummii_ops.checks.flows.ledger import Ledger
from hummii_ops.checks.flows.leftovers import clean_up
from hummii_ops.checks.flows.measure import measure
from hummii_ops.checks.flows.models import Flow
from hummii_ops.checks.flows.play import Stage, play
from hummii_ops.checks.flows.played import Played
from hummii_ops.inventory import Flows

ALL = Flows(allow=("*",), payments="test")
FIVE = ("chat", "login", "order", "payment", "registration")


def all_of(shipped: dict[str, Flow], stage: Stage, settings: Flows = ALL) -> dict[str, Played]:
    played = play_all(shipped.values(), settings, stage, health_path="/api/health")
    return {one.flow: one for one in played}


def test_a_shop_that_works_passes_and_keeps_nothing(
    server: ShopServer, shipped: dict[str, Flow], stage: Stage, ledger: Ledger
) -> None:
    """All five; no user, order, message or payment stays, and the ledger is empty. Every request bears the run's id."""
    played = all_of(shipped, stage)
    assert {name: (one.verdict, one.reason) for name, one in played.items()} == dict.fromkeys(FIVE, ("pass", ""))
    assert server.shop.anything_left() == []
    assert ledger.entries() == []
    runs = {one.run_id for one in played.values()}
    marked = [headers.get("x-hummii-ops-run") for what, headers, _ in server.shop.asked if "health" not in what]
    assert set(marked) == runs
    assert played["order"].attempts == 3 + 20 + 3


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
def test_what_is_broken_fails_in_its_own_flow_alone(
    server: ShopServer, shipped: dict[str, Flow], stage: Stage, ledger: Ledger, broken: str, fails: str, step: str
) -> None:
    """Exactly that flow fails, at that step; flows that could not be set up are not judged. Nothing stays behind."""
    server.shop.broken = {broken}
    played = all_of(shipped, stage)
    assert [name for name, one in played.items() if one.verdict == "fail"] == [fails]
    assert (played[fails].step, played[fails].reason.partition(":")[0]) == (step, step)
    assert {one.verdict for one in played.values()} <= {"pass", "fail", "inconclusive"}
    server.shop.broken = set()
    if broken == "token":  # without a token nobody can be deleted: that is done later
        assert ledger.entries()
        assert all(one.left is None for one in clean_up(ledger, "lab", {"lab-1": stage.url}, stage.secret))
    assert server.shop.anything_left() == []
    assert ledger.entries() == []


def test_a_release_that_loses_three_orders_of_ten_is_found(
    server: ShopServer, shipped: dict[str, Flow], stage: Stage
) -> None:
    """The reason says how many of how many, and why."""
    lost = random.Random(7)
    server.shop.orders_that_fail = lambda _: lost.random() < 0.3
    played = play(shipped["order"], stage)
    assert played.verdict == "fail"
    assert played.reason.startswith("create-order: ")
    assert played.reason.endswith(" of 20 failed: HTTP 500, not 201")


def test_slow_is_not_broken(server: ShopServer, shipped: dict[str, Flow], stage: Stage) -> None:
    """A list over its limit: the flow passes, its speed fails, with the median and the limit."""
    server.shop.list_takes_s = 0.25
    steps = [step.model_copy(update={"limit_ms": 200}) if step.limit_ms else step for step in shipped["order"].steps]
    played = play(shipped["order"].model_copy(update={"steps": tuple(steps)}), stage)
    flow, speed = measure([played])
    assert (flow.name, flow.verdict) == ("flow.order", "pass")
    assert (speed.name, speed.verdict, speed.limit, speed.samples) == ("speed.order.list-orders", "fail", 200, 3)
    assert isinstance(speed.value, int)
    assert speed.value >= 250


def test_where_the_api_is_down_no_flow_begins(
    server: ShopServer, shipped: dict[str, Flow], stage: Stage, ledger: Ledger
) -> None:
    """Every flow and every speed is inconclusive for that reason; nothing was asked but health."""
    server.shop.broken = {"health"}
    measured = measure(all_of(shipped, stage).values())
    assert {one.verdict for one in measured} == {"inconclusive"}
    assert {one.reason for one in measured} == {"api is down"}
    assert {what for what, _, _ in server.shop.asked} == {"GET /api/health"}
    assert ledger.entries() == []


def test_only_what_is_allowed_runs(server: ShopServer, shipped: dict[str, Flow], stage: Stage) -> None:
    """Flows that are not named are skipped, and so is one that pays where payments are real; each says why."""
    played = all_of(shipped, stage, Flows(allow=("login", "payment")))
    assert {name for name, one in played.items() if one.verdict == "pass"} == {"login"}
    assert played["chat"].reason == "not in flows.allow"
    assert "flows.payments" in played["payment"].reason
    assert not [what for what, _, _ in server.shop.asked if "payments" in what]
    there = Flows(allow=("payment",), payment_hosts=("127.0.0.1",))
    assert all_of(shipped, stage, there)["payment"].verdict == "pass"
    assert {one.verdict for one in all_of(shipped, stage, Flows()).values()} == {"skipped"}


def test_a_clean_up_that_fails_stays_in_the_ledger_until_it_works(
    server: ShopServer, shipped: dict[str, Flow], stage: Stage, ledger: Ledger
) -> None:
    """The flow passes and says what it left; the ledger has no secret in it; a later clean-up takes it away."""
    server.shop.broken = {"leaving"}
    played = play(shipped["login"], stage)
    assert played.verdict == "pass"
    assert "delete-account: HTTP 500" in played.left[0]
    (left,) = ledger.entries()
    assert left.run_id == played.run_id
    (password,) = server.shop.users.values()
    text = ledger.file.read_text()
    assert password not in text
    assert "token-of-" not in text
    assert {path.name: path.stat().st_mode & 0o077 for path in ledger.folder.iterdir()} == {"key": 0, "ledger.jsonl": 0}
    assert [one.left is None for one in clean_up(ledger, "lab", {}, stage.secret)] == [False]
    server.shop.broken = set()
    assert clean_up(ledger, "production", {}, stage.secret) == []
    assert [one.left for one in clean_up(ledger, "lab", {}, stage.secret)] == [None]
    assert server.shop.anything_left() == []
    assert not ledger.file.exists()


def test_a_laptop_without_the_key_forgets_nothing(
    server: ShopServer, shipped: dict[str, Flow], stage: Stage, ledger: Ledger
) -> None:
    """No key here, or another one: the account is there, and stays in the ledger; with the key it is taken away."""
    server.shop.broken = {"leaving"}
    play(shipped["login"], stage)
    server.shop.broken = set()
    key = ledger.folder / "key"
    right = key.read_bytes()
    for wrong_one in (None, b"x" * 32):
        key.unlink() if wrong_one is None else key.write_bytes(wrong_one)
        (cleaned,) = clean_up(ledger, "lab", {}, stage.secret)
        assert "the key of its password is not here" in (cleaned.left or "")
        assert "@hummii.invalid by hand" in (cleaned.left or "")
        assert wrong_one or not key.exists(), "a clean-up makes no key: it would fit nothing"
        assert len(ledger.entries()) == 1
    key.write_bytes(right)
    assert [one.left for one in clean_up(ledger, "lab", {}, stage.secret)] == [None]
    assert server.shop.anything_left() == []


def test_a_line_of_another_version_is_not_thrown_away(stage: Stage, ledger: Ledger) -> None:
    """What we cannot read may be something that is still there; half a line promised nothing."""
    ledger.folder.mkdir(parents=True, exist_ok=True)
    ledger.file.write_text('{"open": {"id": "a", "of": "tomorrow"}}\n{"open": {"id"')
    assert clean_up(ledger, "lab", {}, stage.secret) == []
    assert ledger.file.exists()
    ledger.file.write_text('{"open": {"id"')
    clean_up(ledger, "lab", {}, stage.secret)
    assert not ledger.file.exists()


def requests_of(server: ShopServer, flow: Flow, stage: Stage) -> int:
    play(flow, stage)
    number = len(server.shop.asked)
    server.shop.asked.clear()
    return number


@pytest.mark.parametrize("name", ["login", "order", "payment", "registration", "chat"])
def test_a_stop_at_any_request_leaves_nothing(
    server: ShopServer, shipped: dict[str, Flow], stage: Stage, ledger: Ledger, name: str
) -> None:
    """Ctrl-C while any one request is on its way: the flow ends soon, and all that it made is taken away."""
    for number in range(0, requests_of(server, shipped[name], stage), 3 if name == "order" else 1):
        here = replace(stage, stop=type(stage.stop)())
        seen = len(server.shop.asked)

        def strike(_what: str, here: Stage = here, at: int = seen + number) -> None:
            if len(server.shop.asked) == at + 1:
                here.stop.set()
                time.sleep(0.1)  # the request is on its way when the stop is seen

        server.shop.before = strike
        played = play(shipped[name], here)
        server.shop.before = lambda _: None
        assert played.left == (), f"request {number}: {played.left}"
        assert server.shop.anything_left() == [], f"request {number}"
        assert ledger.entries() == []


def test_a_stop_that_the_server_outlasts_stays_in_the_ledger(
    server: ShopServer, shipped: dict[str, Flow], stage: Stage, ledger: Ledger
) -> None:
    """Who registers after we gave up waiting is not taken for someone who never was: the entry stays."""
    flow = shipped["registration"]
    step = flow.steps[0].model_copy(update={"within_s": 0.3})
    server.shop.before = lambda what: time.sleep(0.8) if what == "POST /api/register" else None
    played = play(flow.model_copy(update={"steps": (step,)}), stage)
    assert played.verdict == "fail"
    assert played.left
    deadline = time.monotonic() + 5
    while not server.shop.users and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [one.left for one in clean_up(ledger, "lab", {}, stage.secret)] == [None]
    assert server.shop.anything_left() == []


def test_flows_of_several_calls_do_not_disturb_one_another(
    server: ShopServer, shipped: dict[str, Flow], stage: Stage, ledger: Ledger
) -> None:
    """Two runs of everything at the same time: all pass, nothing stays."""
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda _: all_of(shipped, stage), range(2)))
    assert {one.verdict for each in both for one in each.values()} == {"pass"}
    assert server.shop.anything_left() == []
    assert ledger.entries() == []


def test_the_password_of_a_run_is_shown_nowhere(server: ShopServer, shipped: dict[str, Flow], stage: Stage) -> None:
    """Not even when the server's answer, which a reason quotes, has it in it."""
    flow = shipped["registration"]
    step = flow.steps[0]
    said = {"status": [201], "json": {"email": {"equals": "{{password}}"}}}
    wrong = step.model_copy(update={"expect": type(step.expect).model_validate(said)})
    played = play(flow.model_copy(update={"steps": (wrong,)}), stage)
    (password,) = {json.loads(text)["password"] for what, _, text in server.shop.asked if "register" in what}
    assert played.verdict == "fail"
    assert password not in repr(played)
