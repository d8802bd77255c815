"""fab monitor on a real production: it survives a lost link, says what the host kept of it, and finds what is ill."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab_operator import Operator, until
from lab_production import Production

pytestmark = pytest.mark.lab


@contextmanager
def refused(production: Production) -> Iterator[None]:
    """The SSH port answers nobody, and says so at once."""
    rule = "INPUT -i eth0 -p tcp --dport 22 -j REJECT --reject-with tcp-reset"
    production.sh(f"iptables -I {rule}")
    try:
        yield
    finally:
        production.sh(f"iptables -D {rule}")


def test_a_watch_with_a_gap_and_a_release_that_is_ill(fresh: Production, operator: Operator) -> None:
    """The gap is told at both its ends, with what the host knows of it; 1.1 is ill at the second look (7)."""
    # of a release that is younger than ten seconds no requests are counted
    started = "$(date -d \"$(docker inspect --format '{{.State.StartedAt}}' hummii-api-1)\" +%s)"
    until(lambda: fresh.holds(f'[ "$(($(date +%s) - {started}))" -ge 20 ]'), what="1.0 has run for a while")
    working = operator.start("monitor", "--for=10m", "--every=1")
    kept = operator.folder / ".hummii-ops" / "monitor"
    until(lambda: any(one.stat().st_size for one in kept.glob("*.jsonl")), what="the first look")
    with refused(fresh):
        until(lambda: working.says("could not look: "), what="the lost link is told")
        fresh.sh("curl -fsS http://127.0.0.1/api/orders || :")  # a customer meanwhile: 401
    until(lambda: working.says("looking again"), what="it goes on by itself")
    fresh.deploy("1.1")
    until(lambda: working.says(" ill: "), what="1.1 is ill at two looks", limit_s=120)
    working.process.send_signal(signal.SIGINT)
    document = working.end().ended(7).document
    kinds = [one["kind"] for one in document["turns"]]
    assert kinds[:2] == ["unseen", "seen"]
    assert kinds[-1] == "ill"
    assert "0 of 1 requests failed, nothing started anew" in document["turns"][1]["words"]
    assert "health.outside" in document["turns"][-1]["words"]
    assert len(Path(document["samples"]).read_text().splitlines()) == document["looks"]
