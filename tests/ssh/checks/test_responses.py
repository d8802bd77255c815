"""How long endpoints take: real questions to a real server, from the host with a real sh and curl, and from here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from small_server import SmallServer

from hummii_ops.checks import Measurement
from hummii_ops.checks.client.fetch import fetch
from hummii_ops.checks.requests import responses
from hummii_ops.checks.requests.responses import Probe, judge, measure, questions_for
from hummii_ops.checks.statistics import LEAST_POINTS
from hummii_ops.inventory import Environment, Host
from hummii_ops.transport import SshTransport
from hummii_ops.transport.local import LocalTransport


@pytest.fixture
def server() -> Iterator[SmallServer]:
    with SmallServer().serving() as server:
        yield server


def environment(**keys: Any) -> Environment:
    return Environment.model_validate({"name": "e", "hosts": [{"name": "h", "address": "h"}]} | keys)


def measured(server: SmallServer, link: Any, *paths: str) -> dict[str, Measurement]:
    inside = {"path": "/quick", "inside": f"{server.url}/quick"}
    chosen = environment(health=inside, critical_endpoints=paths, limits={"response_p95_ms": 350})
    host = Host.model_validate({"name": "h", "address": "h", "url": server.url})
    return {one.name: one for one in measure(link, chosen, host)}


def test_each_endpoint_from_both_sides(server: SmallServer, link: SshTransport) -> None:
    """A slow one and a broken one are told apart; as many questions as it says, each as ours to be known."""
    found = measured(server, link, "/slow", "/broken")
    assert {name: one.verdict for name, one in found.items()} == {
        "response.host/slow": "fail",
        "response.host/broken": "fail",
        "response.here/slow": "fail",
        "response.here/broken": "fail",
    }
    slow, broken = found["response.host/slow"], found["response.host/broken"]
    assert slow.unit == "ms"
    assert "p50 4" in slow.reason
    assert "status 500" in broken.reason
    assert (slow.critical, found["response.here/slow"].critical) == (True, False)
    total, _ = questions_for(2)
    assert server.asked == {"/slow": total, "/broken": total}  # from here and on the host
    assert server.agents == {"hummii-ops/probe"}


def test_an_endpoint_that_is_slow_by_its_nature(server: SmallServer, link: SshTransport) -> None:
    """Its own limit judges it, and nobody else; both have enough answers to be compared with another release's."""
    paths = [{"path": "/slow", "response_p95_ms": 5000}, "/quick"]
    inside = {"path": "/quick", "inside": f"{server.url}/quick"}
    chosen = environment(health=inside, critical_endpoints=paths, limits={"response_p95_ms": 350})
    host = Host.model_validate({"name": "h", "address": "h"})
    found, measured_ = responses.look(link, chosen, host)
    assert {one.name: (one.verdict, one.limit) for one in measured_ if one.critical} == {
        "response.host/slow": ("pass", 5000),
        "response.host/quick": ("pass", 350),
    }
    assert all(len(times) >= LEAST_POINTS for times in found.values())


def test_the_first_do_not_count_and_nobody_waits(server: SmallServer, link: SshTransport) -> None:
    """A cold start is not the service; and while one answer is awaited, the next question is asked in time."""
    found = measured(server, link, "/first-slow")
    assert {one.verdict for one in found.values()} == {"pass"}
    assert {one.samples for one in found.values()} == {responses.COUNTED}


def test_nobody_there(link: SshTransport) -> None:
    """No connection is a failed answer, and is said so."""
    with SmallServer().serving() as gone:
        pass
    found = measured(gone, link, "/quick")
    assert {one.verdict for one in found.values()} == {"fail"}
    assert {one.value for one in found.values()} == {responses.COUNTED}


def test_an_answer_that_drips_has_a_deadline(server: SmallServer) -> None:
    """A byte now and then holds nobody."""
    began = time.monotonic()
    assert fetch(f"{server.url}/drip", within_s=1).status is None
    assert time.monotonic() - began < 3


def probes(*, late: int = 0, failed: int = 0, ms: float = 5) -> list[Probe]:
    total, _ = questions_for(1)
    return [
        Probe(number=number, late_ms=600 if place < late else 0, status=502 if place < failed else 200, ms=ms)
        for place, number in enumerate(reversed(range(total)))
    ]


@pytest.mark.parametrize(
    ("asked", "verdict", "required"),
    [
        (probes(), "pass", "pass"),
        (probes(failed=2), "pass", "pass"),
        (probes(failed=3), "fail", "fail"),
        (probes(ms=1001), "fail", "fail"),
        (probes(late=10), "pass", "pass"),
        (probes(late=11), "skipped", "inconclusive"),
        (probes()[:-6], "pass", "pass"),
        (probes()[6:], "fail", "fail"),
    ],
)
def test_judging(asked: list[Probe], verdict: str, required: str) -> None:
    """Three that failed or never came, and a p95 above the limit; an asker who is too busy says nothing of others."""
    for chosen, wanted in ((environment(), verdict), (environment(limits={"required": ["responses"]}), required)):
        (found,) = judge("host", ["/a"], ["http://h/a"], asked, chosen)
        assert found.verdict == wanted


def test_nothing_to_ask() -> None:
    """No URL, no health.inside: skipped, with the key that is missing."""
    chosen = environment(health={"inside": None})
    found = measure(LocalTransport(), chosen, chosen.hosts[0])
    assert [(one.name, one.verdict) for one in found] == [("response.host", "skipped"), ("response.here", "skipped")]
